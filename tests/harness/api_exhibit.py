"""An exhibit of wired and of virtual pins, and who may use its API."""

import json

from harness.bridge_process import BridgeProcess

TOKEN = "correct-horse_battery"
API_TOKEN = "staple-of-the-program"
LOW, HIGH = b'{"level": "low"}', b'{"level": "high"}'
LOCAL = 'api = "local"'
BELL, GATE = "/api/pins/bell", "/api/pins/gate"

# Both kinds of pins; and pages for an edge, a tap, a hold and a level.
EXHIBIT = """\
[server]
start = "welcome"
{server}
[pins]
button = 17
[pins.bell]
source = "http"
debounce = "5ms"
hold = "300ms"
[pins.gate]
source = "http"
pull = "none"
active = "high"

[pages.welcome]
on_tap.bell = "open"
on_hold.bell = "still"
[pages.open]
while_high.gate = "still"
[pages.still]
"""

# A press of it is short, however slow the machine is.
LONG_HOLD = EXHIBIT.replace('hold = "300ms"', 'hold = "10min"')

# No GPIO at all: a back end that is not installed doesn't matter.
VIRTUAL = """\
[server]
start = "welcome"
{server}
[gpio]
pin_factory = "pigpio"
[pins.bell]
source = "http"

[pages.welcome]
on_low.bell = "open"
[pages.open]
[pages.still]
"""


def post(bridge: BridgeProcess, pin: str, level: str, **headers: str) -> tuple[int, str]:
    """Set a virtual pin."""
    body = json.dumps({"level": level}).encode()
    return bridge.request(f"/api/pins/{pin}", body, headers=headers)


def set_level(bridge: BridgeProcess, pin: str, level: str) -> None:
    """Set a virtual pin, which must work."""
    assert post(bridge, pin, level) == (204, "")


def bearer(token: str) -> dict[str, str]:
    """The header in which a program sends a token."""
    return {"Authorization": f"Bearer {token}"}


NETWORK = 'host = "0.0.0.0"\n'
GUARDED = f'{NETWORK}token = "{TOKEN}"'
OPEN = f"{NETWORK}open = true"
OPEN_GUARDED = f'{OPEN}\napi_token = "{API_TOKEN}"'
BOTH = f'{GUARDED}\napi_token = "{API_TOKEN}"'
OPEN_LOCAL = f"{OPEN}\n{LOCAL}"
PROXIED = 'allowed_hosts = ["kiosk.example.org"]'
PROXIED_LOCAL = f"{PROXIED}\n{LOCAL}"
LOCAL_GUARDED = f'api_token = "{API_TOKEN}"'
