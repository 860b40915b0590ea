"""How a browser is told which sound device to play on (`[kiosk] audio`). Pure.

A name with a colon is a device of ALSA, such as ``plughw:CARD=Headphones``; any other is a sink of
the sound server (PipeWire or PulseAudio). Browsers ask the sound server by libpulse, which reads
``PULSE_SINK`` and ``PULSE_SERVER`` (pulse-client.conf(5)), and take ALSA only if no server answers.
"""

import re

_NO_SERVER = "/nonexistent"


def is_alsa(device: str) -> bool:
    """Tell whether a name is that of an ALSA device."""
    return ":" in device


def environment(device: str) -> dict[str, str]:
    """Return the variables that lead to a device; none for the system's own choice."""
    if not device:
        return {}
    return {"PULSE_SERVER": _NO_SERVER} if is_alsa(device) else {"PULSE_SINK": device}


def card(device: str) -> str:
    """Return the card of an ALSA device; empty if it names none."""
    found = re.search(r":(?:CARD=)?(\w+)", device)
    return found[1] if found else ""
