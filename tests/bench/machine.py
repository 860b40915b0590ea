"""What this machine is, and what its processes use: read from /proc, without changing them."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path

PROC = Path("/proc")


def cores() -> tuple[set[int], set[int]]:
    """The cores of the servers, and those of the client: apart, where there are two or more."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    all_cores = sorted(os.sched_getaffinity(0))
    if len(all_cores) < 2:
        return set(all_cores), set(all_cores)
    return {all_cores[0]}, set(all_cores[1:])


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for parent in found:
        try:
            tasks = list((PROC / str(parent) / "task").iterdir())
        except OSError:
            continue
        for task in tasks:
            try:
                found += [int(child) for child in (task / "children").read_text().split()]
            except OSError:
                continue
    return found


def cpu_s(pids: list[int]) -> float:
    """Processor time of processes and all their threads, in seconds, exact to microseconds.

    Linux makes a clock of each process; clock_getcpuclockid(3) and the kernel's posix-timers.h say
    how its number follows from the process's: ~pid << 3, and 2 for the scheduler's own accounting.
    """
    total_s = 0.0
    for pid in pids:
        try:
            total_s += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            continue
    return total_s


def pss_kib(pids: list[int], kinds: str = "Pss") -> float:
    """Memory of processes in KiB, with each shared page divided among those that share it (PSS).

    Args:
        pids: the processes; one that has ended has no memory.
        kinds: a regular expression of the lines in smaps_rollup that count, which are added up.
    """
    total = 0
    for pid in pids:
        try:
            text = (PROC / str(pid) / "smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(map(int, re.findall(rf"^(?:{kinds}):\s+(\d+)", text, re.MULTILINE)))
    return float(total)


def wake_ups(pids: list[int]) -> int:
    """How often the threads of processes have gone to sleep by themselves, and so woken."""
    total = 0
    for pid in pids:
        for task in (PROC / str(pid) / "task").iterdir():
            text = (task / "status").read_text()
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
    return total


def describe() -> dict[str, str]:
    """The machine, its system and its Python, for the head of a report."""
    servers, client = cores()
    model = ""
    if (PROC / "cpuinfo").exists():
        found = re.search(r"model name\s*:\s*(.+)", (PROC / "cpuinfo").read_text())
        model = found[1] if found else ""
    memory = ""
    if (PROC / "meminfo").exists():
        kib = int(re.search(r"MemTotal:\s+(\d+)", (PROC / "meminfo").read_text())[1])  # type: ignore[index]
        memory = f"{kib / 1024 / 1024:.0f} GiB"
    return {
        "processor": f"{model or platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, {memory}",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cores": f"servers on {_listed(servers)}, the client on {_listed(client)}",
        "load before": load_before(os.getloadavg(), os.cpu_count() or 1),
    }


def load_before(averages: tuple[float, float, float], count: int) -> str:
    """The load averages of 1, 5 and 15 minutes, and what to think of them on so many cores."""
    figures = " ".join(f"{load:.2f}" for load in averages)
    is_idle = averages[0] <= count / 2
    return figures if is_idle else f"{figures}: other work ran, so times are too long"


def _listed(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "any"


def first_line(command: list[str]) -> str:
    """The first line that a command prints, such as its version; "" if it can't be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout + done.stderr).strip().partition("\n")[0]
