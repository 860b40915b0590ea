"""A Raspberry Pi without a Pi: Debian arm64 under QEMU with a real kernel GPIO chip.

::

    host ◀ initrd, system, wheels ◀ image ◀ conftest, __main__
    host ◀ guest, appfolder               ◀ conftest

README.md beside this file says how to run it and where its limits are.
"""
