"""`gpiobridge run`: listen, gunicorn, a greeting, and the stand-alone application.

`listener` is the listening socket, and `server` puts a server around `standalone`, an exhibit's
folder as an application: `gunicorn_arbiter` with `gunicorn_worker`, or `werkzeug_server` where
gunicorn can't run. `threaded_worker` is fit for a public room: requests come whole in `arrivals`,
and clients take turns in `turns`. The main thread, and gunicorn's pool.
"""
