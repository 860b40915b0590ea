"""Write what happens to the stop button, and tell the board when it has been read."""

import sys

from gpiobridge.client import MAX_SEND_WAIT_S, MAX_WAITING, Frames, PushError, RemoteError, connect


def listen(frames: Frames) -> None:
    """Write edges until the board halts."""
    for frame in frames:
        if frame["type"] == "edge":
            print(frame["pin"], frame["event"], flush=True)
        elif frame["type"] == "state":
            print("listening", *sorted(frame["pins"]), flush=True)
            frames.send({"listens": frames.url.rpartition("/")[2]})
        elif frame["type"] == "close":
            print("close", frame["code"], frame["reason"], flush=True)
    try:
        frames.send({1, 2})
    except PushError:
        print("no JSON", flush=True)
    frames.close()


assert MAX_SEND_WAIT_S > 0 and MAX_WAITING > 0
try:
    with connect(sys.argv[1], display="listener", once=True, follow=True, tell=print) as frames:
        listen(frames)
    connect(f"{sys.argv[1]}-nowhere", token="none")
except RemoteError as error:
    print("refused", error.status, flush=True)
