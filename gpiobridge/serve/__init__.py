"""Serve an exhibit for `gpiobridge run`: listen, start a server, greet.

`listener` opens the listening socket. `standalone` turns an exhibit's folder into an application.
`server` puts a server around it: `gunicorn_service` with `gunicorn_worker`, or `werkzeug_server`
where gunicorn can't run. `stop_signals` names the signals that end it. `greeting` starts the bridge
and says where it is. `template_errors` says what is wrong with a page. `reload_check` decides
whether a new configuration may be used.

`threaded_worker` is fit for a public room. `arrivals` gathers requests until they are complete,
and `request_heads` tells it when they are. `clients` counts each client's connections, `turns`
shares the threads out, and `silence` bounds the wait for a silent peer. The main thread, and
gunicorn's pool.
"""
