"""Answer requests: admission, the WebSocket, the API, files, and the page's script.

`blueprint` has the routes. `admission` decides which requests may pass. `socket` hands a WebSocket
over to the watcher: Flask-Sock makes its `handshake`, and `handoff` takes it from the HTTP server.
`stage` serves the page that shows the others in frames, `site` the page around another site's, and
`sounds` the exhibit's sounds. By `kiosk` a kiosk proves itself. `api` (with `json_body`),
`simulator`, `display_list`, `metrics` and `latency` serve programs, developers and whoever looks
after the displays.

`identities` finds out which display a socket belongs to, and `start` the page at which a display
begins. `page_script` makes a page's script tag, and `html` inserts it. `files_version` tells
whether a page that was fetched ahead is out of date. `files` sends files and the `byte_ranges` that
players ask for; `file_feeder` serves slow readers. `overlaps` and `content_policies` find what in
an application gets in the bridge's way. Threads of the HTTP server; the feeder has its own thread.
"""
