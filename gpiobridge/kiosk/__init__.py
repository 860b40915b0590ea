"""Show the exhibit in a full-screen browser on this machine's own screen, and keep it alive.

`gpiobridge kiosk` runs all of this in its own process:

- `browsers` lists the browsers that a kiosk can use.
- `launcher` starts one of them (`chromium` or `cog`, with `start` and `browser_process`), each
  kiosk with its own profile (`profiles`). It sleeps until something wakes it (`alarm`). It asks
  the bridge (`inquiry`) whether the page is alive (`liveness`), and proves to it that the kiosk is
  its machine's own (`proof`).
- `guard` keeps the exhibit alone on the screen. `tabs` decides what to do, and `devtools_pipe`
  carries the orders to the browser.
- `foreign_site` moves the browser to a site that forbids frames, and holds its page's socket
  meanwhile.
- `chromium_policy` forbids the rest, and `home` says which pages belong to the exhibit.
- `audio` names the sound device to the browser, and `cursors` hides the pointer.
- `screen` knows whether there is a screen, `screen_power` switches it off while it is closed, and
  `renewal` restarts the browser at night.
- `sway` places the kiosks of several screens, each of which is such a process.
"""
