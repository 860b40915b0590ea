"""Which named displays are missing, and since when that counts."""

from harness.made_clock import MadeClock

from gpiobridge.displays.audience import SIMULATOR, Display
from gpiobridge.displays.observer import Gone
from gpiobridge.loop.attendance import Attendance


def test_who_is_missing() -> None:
    """Who has no socket for ten seconds, and who hasn't come ten seconds after the start."""
    clock = MadeClock()
    attendance = Attendance(["left", "right"], clock)

    def missing_after(duration_s: float) -> list[str]:
        clock.forward(duration_s)
        return attendance.missing(clock.now().mono_s)

    assert missing_after(9.9) == []
    assert missing_after(0.1) == ["left", "right"]
    for display in (Display("welcome", "left"), Display(SIMULATOR, "right"), Display("open", "x")):
        attendance.display_came(display)
    assert missing_after(0.0) == ["right"]
    attendance.display_came(Display("open", "left"))
    attendance.display_gone(Display("welcome", "left"), Gone.LEFT)
    assert missing_after(60.0) == ["right"]
    attendance.display_gone(Display("open", "left"), Gone.LEFT)
    assert missing_after(9.9) == ["right"]
    assert missing_after(0.1) == ["left", "right"]
