"""The doctor: checks a machine, says what is wrong and what to do about it, and changes nothing.

`examination` has the table of checks and runs them, one by one, on a `patient`, who looks at a
`machine`. `configuration`, `board`, `backends`, `pins`, `service`, `kiosk`, `disk` and `age` have
the checks: each is a function that takes the patient and returns `findings`. `pins` has them
watched by `sampling`, and `programs` names who holds a line or a port. One thread, the caller's.
"""

from gpiobridge.doctor.examination import examine
from gpiobridge.doctor.findings import Finding, Report, Verdict
from gpiobridge.doctor.machine import ExaminedMachine

__all__ = ["ExaminedMachine", "Finding", "Report", "Verdict", "examine"]
