"""What the doctor says, as text and as JSON."""

import json

from gpiobridge.doctor import Finding, Report

from .pi import FAILURE, OK, SKIPPED, WARNING

REPORT = Report(
    [
        Finding("clock", OK, "it is set"),
        Finding("pin button", WARNING, "it is pressed", "let go"),
        Finding("port", FAILURE, "it is taken", "end it"),
        Finding("kiosk", SKIPPED, "no Pi"),
    ]
)


def test_text_is_aligned_with_remedies_below() -> None:
    """One line a finding, its remedy below where its sentence begins, and a sum at the end."""
    assert REPORT.as_text() == (
        "ok       clock       it is set\n"
        "warning  pin button  it is pressed\n"
        "                     -> let go\n"
        "FAILURE  port        it is taken\n"
        "                     -> end it\n"
        "-        kiosk       no Pi\n"
        "\n"
        "1 failure and 1 warning"
    )


def test_json_has_everything() -> None:
    """Machines get the worst verdict, and each finding whole."""
    told = json.loads(REPORT.as_json())
    assert told["verdict"] == "failure"
    assert told["findings"][1] == {
        "check": "pin button",
        "verdict": "warning",
        "sentence": "it is pressed",
        "remedy": "let go",
    }
