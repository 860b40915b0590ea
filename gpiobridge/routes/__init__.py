"""What a request meets: who may pass, the socket, the API, files, and the page's script.

`blueprint` has the routes; `admission` says who may pass; `socket` hands a WebSocket over to the
watcher: Flask-Sock makes its `handshake`, and `handoff` takes it from the HTTP server. `api` (with
`json_body`), `simulator` and `metrics` are for programs and their makers. A page is given what
`page_script` says, put into its `html`; `files_version` tells what was fetched ahead that it is
old. `files` (of which a player asks for `byte_ranges`) are read for readers of any speed, by the
`file_feeder` where they are slow. `overlaps` and `content_policies` say what of an application gets
in the way. Threads of the HTTP server; the feeder has one of its own.
"""
