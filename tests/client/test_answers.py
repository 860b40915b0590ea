"""What an answer says, in a sentence for a person at a terminal."""

import pytest

from gpiobridge.client.answers import MAX_LENGTH, own_sentence
from gpiobridge.client.asking import refusal

WERKZEUG = """<!doctype html>
<html lang=en>
<title>400 Bad Request</title>
<h1>Bad Request</h1>
<p>{}</p>
"""


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, WERKZEUG.format("The CSRF token is missing."), "The CSRF token is missing."),
        (403, "<html><body><h1>Not\n from  here &amp; now</h1><hr></body>", "Not from here & now"),
        (429, WERKZEUG.format("5 per 1 minute"), "5 per 1 minute"),
        (503, "<title>Closed for the night</title><script>p = '<p>x</p>'</script>",
         "Closed for the night"),
        (400, "<p> </p><p>The <b>second</b> says it<p>and the third more", "The second says it"),
        (400, '{"error": "no such pin"}', "no such pin"),
        (400, '{"error": {"code": 7, "message": "no such pin"}}', "no such pin"),
        (400, '{"a": 1}', '{"a": 1}'),
        (400, '"no such pin"', "no such pin"),
        (400, "[1", "[1"),
        (401, "Ask\nfor\tthe token.\n", "Ask for the token."),
        (400, "\x1b[31mred\x07 \u202edlo", "[31mred dlo"),
        (400, "x" * (MAX_LENGTH + 1), "x" * MAX_LENGTH + "..."),
        (400, b"\xff\xfe", "\ufffd\ufffd"),
    ],
)  # fmt: skip
def test_the_sentence_of_an_answer(status: int, body: str | bytes, said: str) -> None:
    """Of a text, of JSON and of a web page; in one line, without control characters (row 20)."""
    assert own_sentence(status, body if isinstance(body, bytes) else body.encode()) == said


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, ""),
        (404, "Not Found"),
        (404, "404 Not Found"),
        (502, "<html><head><title>502 Bad Gateway</title></head><center><h1>502 Bad Gateway</h1>"),
        (400, WERKZEUG.format("The browser (or proxy) sent a request that this server could not "
                              "understand.")),
        (299, "<!-- nothing -->"),
    ],
)  # fmt: skip
def test_what_says_no_more_than_the_status(status: int, body: str) -> None:
    """It is no sentence: the number says the same (row 20)."""
    assert own_sentence(status, body.encode()) == ""


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, WERKZEUG.format("The token is missing."), "u answered 400: The token is missing."),
        (404, WERKZEUG.format("No such shop."),
         "u answered 404: No such shop; is that the address of a bridge, or of one of its pages?"),
        (404, "There is no page.\n", "the bridge answered 404: There is no page."),
        (500, "", "u answered 500; is that the address of a bridge, or of one of its pages?"),
        (500, None, "u answered 500; is that the address of a bridge, or of one of its pages?"),
    ],
)  # fmt: skip
def test_whose_sentence_it_is(status: int, body: str | None, said: str) -> None:
    """The bridge speaks in text; a web page may come from something else (row 20)."""
    error = refusal("u", status, None if body is None else body.encode())
    assert (str(error), error.status) == (said, status)
