"""``gpiobridge install``: a service that outlives its terminal, and the way back.

The way of an installation: `own_copy` lists the running installation, `exhibit` the owner's files,
`files` all that is to be placed, `present` sees what is there, `plan` makes steps of the two, or
says what hinders it (pure: `plan`, `removal`, `hindrances`, `steps`), and `carry_out` carries them
out on a `target`, undoing them if one fails. The owner's files come by `exact_copy`: as they were
looked at, or not at all. `recovery` is the way back, which a power cut doesn't bar; `installation`
has the orders of the command line, one at a time (`lock`).

::

    /opt/gpiobridge/versions/0.1.0-1/   a copy: interpreter, packages, command
    /opt/gpiobridge/live, previous      links to copies; bin is live/bin
    /etc/gpiobridge/                    the exhibit: config.toml, templates/, static/
    /etc/systemd/system/gpiobridge.*    the units
    /var/lib/gpiobridge/installed.json  what was placed, to tell what someone has changed
    /var/lib/gpiobridge/state           stays writable with --read-only: a partition of its own

One thread, the caller's; nothing here runs beside the service.
"""
