"""`gpiobridge run`: listen, gunicorn, a greeting, and the stand-alone application.

`listener` is the listening socket, and `server` puts a server around `standalone`, an exhibit's
folder as an application: `gunicorn_arbiter` with `gunicorn_worker`, or `werkzeug_server` where
gunicorn can't run. `greeting` starts the bridge and says where it is, `template_errors` what is
wrong with a page, and `reload_check` whether a new configuration may be taken. `threaded_worker` is
fit for a public room: requests come whole in `arrivals` (by their `request_heads`), `clients` take
turns in `turns`, and `silence` has an end. The main thread, and gunicorn's pool.
"""
