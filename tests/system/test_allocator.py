"""Memory in one place."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from gpiobridge.system.allocator import use_one_arena

if "one" in sys.argv:
    use_one_arena()
together = threading.Barrier(4)

def allocate():
    blocks = [bytearray(2000) for _ in range(100)]
    together.wait(20)

threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
@pytest.mark.parametrize(("argument", "one"), [("one", True), ("many", False)])
def test_threads_share_one_arena(argument: str, one: bool) -> None:
    """Otherwise each has its own, and free memory of one is no use to another."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, argument], capture_output=True, text=True, timeout=60
    )
    arenas = sum(line.startswith("Arena ") for line in ended.stderr.splitlines())
    assert (arenas == 1) == one, ended.stderr
