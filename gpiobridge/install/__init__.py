"""``gpiobridge install``: install gpiobridge as a service, and undo an installation.

The modules, in the order in which an installation uses them:

- `installation` has the orders of the command line. `lock` lets one run at a time.
- `own_copy` lists the files of the running installation, `exhibit` those of the owner's exhibit,
  and `files` all files that are to be placed. `alarm_network` writes the drop-in for `[alarms]`.
- `present` finds out what is installed already.
- `plan` compares the two and returns steps, or says what prevents the installation. `plan`,
  `removal`, `hindrances` and `steps` are pure.
- `carry_out` carries the steps out on a `target`, and undoes them if one fails.
- `exact_copy` copies the owner's files exactly as they were read before, or not at all.
- `recovery` undoes an installation that did not finish, also after a power cut.

What lies where:

```text
/opt/gpiobridge/versions/0.1.0-1/   a copy: interpreter, packages, command
/opt/gpiobridge/live, previous      links to copies; bin is live/bin
/etc/gpiobridge/                    the exhibit: config.toml, templates/, static/
/etc/systemd/system/gpiobridge.*    the units
/var/lib/gpiobridge/installed.json  what was placed, to find what someone has changed
/var/lib/gpiobridge/state           stays writable with --read-only: a separate partition
```

All of it runs on the caller's thread. Nothing here runs while the service does its work.
"""
