"""What a request meets: who may pass, the socket, the API, files, and the page's script.

`blueprint` has the routes; `admission` says who may pass; `socket` hands a WebSocket over to the
watcher: Flask-Sock makes its `handshake`, and `handoff` takes it from the HTTP server. A page is
given what `page_script` says, put into its `html`. Programs ask the `api` and `metrics`, people
without pins the `simulator`. `files` are read for readers of any speed. `assets/` has what a
browser gets. Threads of the HTTP server.
"""
