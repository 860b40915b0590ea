"""A covered page takes no focus; it gets it when it is shown, in Chromium."""

from typing import Any

import pytest

TYPED = "<input id=typed>"


@pytest.fixture
def typing(stage: Any) -> Any:
    """A shown page in whose field someone types; it notes if it loses the focus."""
    frame = stage.show(TYPED, "lost = []; addEventListener('blur', () => lost.push('blur'), true);")
    frame.evaluate("typed.focus()")
    stage.tab.keyboard.type("a")
    return frame


def assert_undisturbed(stage: Any, typing: Any, is_silent: bool = True) -> None:
    """The next key goes to the shown page, too, which has noticed nothing."""
    stage.frames()
    stage.tab.keyboard.type("b")
    assert typing.evaluate("typed.value") == "ab"
    if is_silent:
        assert typing.evaluate("lost") == []


# How a page asks for the focus, and which element has it when the page is shown.
WAYS = {
    "focus()": ("<input id=i>", "i.focus();"),
    "focus() of a drawing": ("<svg id=i tabindex=0 width=9 height=9></svg>", "i.focus();"),
    "select()": ("<input id=i value=text>", "i.select();"),
    "a modal dialog": ("<dialog><button id=i>i</button></dialog>", "i.parentNode.showModal();"),
    "a dialog": ("<dialog><button>-</button><input id=i autofocus></dialog>",
                 "i.parentNode.show();"),
    "the last one": ("<input id=h><input id=i>", "h.focus(); i.focus();"),
    "one before a scroll": ("<input id=i><p id=p style='margin-top: 3000px'>p</p>",
                            "i.focus(); p.scrollIntoView();"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_focus_waits(stage: Any, typing: Any, way: str) -> None:
    """The shown page notices nothing; the element gets the focus when its page is shown."""
    body, script = WAYS[way]
    frame = stage.cover(body, f"addEventListener('load', () => {{ {script} window.focus(); }});")
    assert_undisturbed(stage, typing)
    stage.end()
    stage.wake()
    assert frame.evaluate("[document.hasFocus(), document.activeElement.id]") == [True, "i"]


# These are no calls: the focus comes, and is given back in the same task.
UNASKED = {
    "autofocus": ("<input id=i autofocus>", ""),
    "autofocus by a script": (
        "",
        "const i = document.createElement('input'); i.id = 'i'; i.autofocus = true;"
        "document.body.append(i);",
    ),
    "a popover": ("<div popover id=d><input id=i autofocus></div>", "d.showPopover();"),
}


@pytest.mark.parametrize("way", UNASKED)
def test_a_focus_that_comes_unasked_is_given_back(stage: Any, typing: Any, way: str) -> None:
    """The next key goes to the shown page; the element gets the focus when its page is shown."""
    body, script = UNASKED[way]
    frame = stage.cover(body, f"addEventListener('load', () => {{ {script} }});")
    assert_undisturbed(stage, typing, is_silent=False)
    stage.end()
    stage.wake()
    assert frame.evaluate("[document.hasFocus(), document.activeElement.id]") == [True, "i"]


def test_the_focus_can_come_after_the_swap(stage: Any, typing: Any) -> None:
    """It costs a part of a frame; the element still gets it, or one that took it meanwhile."""
    look = "[document.hasFocus(), document.activeElement.id]"
    frame = stage.cover("<input id=i>", "addEventListener('load', () => i.focus());")
    other = stage.cover(
        "<input id=i autofocus><input id=j>", "onload = () => i.focus();", name="other"
    )
    stage.end()
    stage.tab.evaluate("wake('next', { focus: false })")
    assert frame.evaluate(look) == [False, ""]
    stage.tab.evaluate("sleepOf('next').takeFocus()")
    assert frame.evaluate(look) == [True, "i"]
    stage.end("next")
    stage.tab.evaluate("wake('other', { focus: false })")
    other.evaluate("j.focus()")
    stage.tab.evaluate("sleepOf('other').takeFocus()")
    assert other.evaluate(look) == [True, "j"]


def test_a_page_that_wants_no_focus_gets_the_keys(stage: Any, typing: Any) -> None:
    """A page that listens for keys must not need a click first."""
    frame = stage.cover(
        script="keys = []; addEventListener('keydown', ({ key }) => keys.push(key));"
    )
    stage.end()
    stage.wake()
    stage.tab.keyboard.type("x")
    assert frame.evaluate("keys") == ["x"]
    assert typing.evaluate("typed.value") == "a"


def test_an_element_that_gives_up_the_focus_does_not_get_it(stage: Any) -> None:
    """blur() takes back what focus() has asked for."""
    frame = stage.cover("<input id=i>", "addEventListener('load', () => { i.focus(); i.blur(); });")
    stage.wake()
    assert frame.evaluate("document.activeElement === document.body")


def test_an_element_that_is_gone_does_not_get_the_focus(stage: Any) -> None:
    """The page has removed it meanwhile."""
    frame = stage.cover(
        "<input id=i>", "addEventListener('load', () => { i.focus(); i.remove(); });"
    )
    stage.wake()
    assert frame.evaluate("[document.hasFocus(), document.activeElement === document.body]") == [
        True,
        True,
    ]


def test_how_an_element_asks_for_the_focus_is_kept(stage: Any) -> None:
    """With preventScroll, the page doesn't scroll when it is shown."""
    frame = stage.cover(
        "<p style='height: 3000px'>p</p><input id=i>",
        "addEventListener('load', () => i.focus({ preventScroll: true }));",
    )
    stage.wake()
    assert frame.evaluate("[document.activeElement.id, scrollY]") == ["i", 0]


def test_scrolling_moves_the_page_and_not_the_stage(stage: Any) -> None:
    """A frame that scrolls its element into view scrolls all windows around it."""
    stage.tab.evaluate("document.body.style.height = '3000px'")
    frame = stage.cover(
        "<p style='height: 3000px'>p</p><p id=p>p</p>",
        "addEventListener('load', () => p.scrollIntoView());",
    )
    assert frame.evaluate("scrollY > 0")
    assert stage.tab.evaluate("[scrollX, scrollY]") == [0, 0]


def test_a_focused_page_that_was_left_does_not_take_the_focus_back(stage: Any) -> None:
    """Its scripts run on until its frame is removed."""
    old = stage.show("<input id=i>")
    frame = stage.cover("<input id=j autofocus>")
    stage.end()
    stage.wake()
    old.evaluate("i.focus(); window.focus()")
    stage.tab.keyboard.type("x")
    assert frame.evaluate("j.value") == "x"
