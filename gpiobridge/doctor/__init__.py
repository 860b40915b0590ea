"""The doctor: it checks a machine, reports each fault with a remedy, and changes nothing.

`examination` has the table of checks and runs them one by one on a `patient`, which looks at a
`machine`. The checks are in `configuration`, `board`, `backends`, `pins`, `outputs`, `service`,
`kiosk`, `screens`, `disk` and `age`. Each check is a function that takes the patient and returns
`findings`. `pins` uses `sampling` to watch the pins. `programs` finds the program that holds a line
or a port. All of it runs on the caller's thread.
"""

from gpiobridge.doctor.examination import examine
from gpiobridge.doctor.findings import Finding, Report, Verdict
from gpiobridge.doctor.machine import ExaminedMachine

__all__ = ["ExaminedMachine", "Finding", "Report", "Verdict", "examine"]
