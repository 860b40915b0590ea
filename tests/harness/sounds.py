"""Sounds that tests make, and what a page's audio graph has played of them."""

import base64
import itertools
import math
import wave
from array import array
from pathlib import Path
from typing import Any, NamedTuple

RATE = 48_000  # samples a second
RAIN_HZ, CLICK_HZ = 480, 3000  # they fit a second, and a hundredth of it
BLOCK = RATE // 100  # samples in which both fit whole

CONFIG = """\
[server]
start = "welcome"
api = "local"
[pins]
button = { pin = 17, debounce = "0ms" }
door = { pin = 27, debounce = "0ms" }

[sounds.rain]
file = "static/rain.wav"
loop = true
volume = 0.4

[sounds.click]
file = "static/click.wav"

[pages.welcome]
prerender = true
sound.rain = true
on_low.button = { to = "open", sound = "click" }
on_low.door = "late"

[pages.open]
prerender = true
sound.rain = true
on_low.button = "welcome"

[pages.late]
on_low.button = "welcome"
"""

RECORD = """
(() => {
  const taps = new Map();
  const connect = AudioNode.prototype.connect;
  const start = AudioBufferSourceNode.prototype.start;
  // By its length a sound is known.
  AudioBufferSourceNode.prototype.start = function (...when) {
    started.push(this.buffer.duration < 0.5 ? "click" : "rain");
    return start.apply(this, when);
  };
  window.started = [];
  window.contexts = [];
  window.recorded = [];
  function tapOf(context) {
    if (taps.has(context)) return taps.get(context);
    const tap = new GainNode(context);
    taps.set(context, tap);
    contexts.push(context);
    // Without it the recorder would not run while nothing sounds.
    const steady = new ConstantSourceNode(context, { offset: 0 });
    steady.start();
    connect.call(steady, tap);
    context.audioWorklet.addModule("/static/recorder.js").then(() => {
      const options = { channelCount: 1, channelCountMode: "explicit", numberOfOutputs: 0 };
      const recorder = new AudioWorkletNode(context, "recorder", options);
      recorder.port.onmessage = ({ data }) => recorded.push(data);
      connect.call(tap, recorder);
      window.recording = true;
    });
    return tap;
  }
  AudioNode.prototype.connect = function (to, ...more) {
    if (to === this.context.destination) connect.call(this, tapOf(this.context));
    return connect.call(this, to, ...more);
  };
  window.takeRecorded = () => {
    const samples = new Float32Array(recorded.reduce((sum, [, each]) => sum + each.length, 0));
    let at = 0;
    for (const [, each] of recorded) { samples.set(each, at); at += each.length; }
    const bytes = new Uint8Array(samples.buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) {
      text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    }
    return [recorded[0]?.[0] ?? 0, contexts[0].sampleRate, btoa(text)];
  };
})();
"""
RECORDER = """
registerProcessor("recorder", class extends AudioWorkletProcessor {
  process([[samples]]) {
    this.port.postMessage([currentFrame, samples ? samples.slice() : new Float32Array(128)]);
    return true;
  }
});
"""


def write_tone(path: Path, hz: int, seconds: float = 1.0) -> None:
    """Write a tone of whole periods, so that it repeats without a step."""
    count = round(RATE * seconds)
    samples = array(
        "h", (round(20_000 * math.sin(2 * math.pi * hz * i / RATE)) for i in range(count))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def write_sounds(folder: Path) -> None:
    """Write the exhibit's sounds: rain that repeats each second, and a click of a tenth."""
    (folder / "static").mkdir(parents=True, exist_ok=True)
    write_tone(folder / "static" / "rain.wav", RAIN_HZ)
    write_tone(folder / "static" / "click.wav", CLICK_HZ, 0.1)
    (folder / "static" / "recorder.js").write_text(RECORDER)


class Recording(NamedTuple):
    """What an audio graph has played.

    Args:
        began: the frame with which it begins.
        rate: samples a second.
        samples: from -1 to 1.
    """

    began: int
    rate: int
    samples: "array[float]"

    def gaps_s(self, below: float = 0.01) -> list[float]:
        """How long it was silent between two sounds, each time, in seconds."""
        loud = [i for i, sample in enumerate(self.samples) if abs(sample) >= below]
        steps = (after - before for before, after in itertools.pairwise(loud))
        return [step / self.rate for step in steps if step > self.rate // 1000]

    def loudness(self, hz: int) -> list[float]:
        """How loud a tone is, in each hundredth of a second."""
        size = self.rate // 100
        turn = 2 * math.pi * hz / self.rate
        cosines = [math.cos(turn * i) for i in range(size)]
        sines = [math.sin(turn * i) for i in range(size)]
        found = []
        for at in range(0, len(self.samples) - size + 1, size):
            block = self.samples[at : at + size]
            real = sum(a * b for a, b in zip(block, cosines, strict=True))
            imaginary = sum(a * b for a, b in zip(block, sines, strict=True))
            found.append(2 * math.hypot(real, imaginary) / size)
        return found


def record(page: Any) -> None:
    """Record what the pages of a tab play, from their next load on."""
    page.add_init_script(RECORD)


def recording(page: Any) -> Recording:
    """Take what was recorded so far."""
    began, rate, text = page.evaluate("takeRecorded()")
    return Recording(began, round(rate), array("f", base64.b64decode(text)))


def forget(page: Any) -> None:
    """Forget what was recorded so far."""
    page.evaluate("recorded.length = 0")
