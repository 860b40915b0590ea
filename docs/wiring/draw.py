"""Draw the circuits of the documentation: `python docs/wiring/draw.py` writes the SVG files here.

All drawings share the header, the symbols and the colours, so they are drawn by one script. It
needs only Python. Symbols are those of IEC 60617. Each drawing has its own background, light or
dark as the reader's system is, so it can be read on any page.
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path

HERE = Path(__file__).parent

WIDTH, HEIGHT = 856, 428
ROW = 26  # between two rows of the header, in pixels
FIRST = 66  # the middle of the first row
PILL_LEFT, PILL_RIGHT = 572, 830  # the outer ends of the pins' labels
TOP_LANE, RIGHT_LANE = 26, 840  # where a wire of the right column goes round the header

# The first 26 of the 40 pins: https://pinout.xyz has them all.
NAMES = {
    1: "3.3 V", 2: "5 V", 3: "GPIO 2", 4: "5 V", 5: "GPIO 3", 6: "GND", 7: "GPIO 4", 8: "GPIO 14",
    9: "GND", 10: "GPIO 15", 11: "GPIO 17", 12: "GPIO 18", 13: "GPIO 27", 14: "GND",
    15: "GPIO 22", 16: "GPIO 23", 17: "3.3 V", 18: "GPIO 24", 19: "GPIO 10", 20: "GND",
    21: "GPIO 9", 22: "GPIO 25", 23: "GPIO 11", 24: "GPIO 8", 25: "GND", 26: "GPIO 7",
}  # fmt: skip

STYLE = """
:root { color-scheme: light dark; }
.card { fill: #fbfcfd; stroke: #cfd6dd; }
.board { fill: #e3efe6; stroke: #9dbda6; }
.strip { fill: #23282d; }
.pad { fill: #d9b54a; stroke: #8a6d1c; }
.idle { fill: #8d949b; stroke: #5d646b; }
.ink { stroke: #24292f; } .fill { fill: #24292f; }
.line { fill: none; stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
.body { fill: #fff; stroke: #24292f; stroke-width: 2.2; stroke-linejoin: round; }
.plain { fill: #eef1f4; stroke: #24292f; stroke-width: 2; stroke-linejoin: round; }
.signal { stroke: #0b7a3e; } .s-signal { fill: #0b7a3e; }
.ground { stroke: #4a5560; } .s-ground { fill: #4a5560; }
.three { stroke: #b25a00; } .s-three { fill: #b25a00; }
.five { stroke: #c4231c; } .s-five { fill: #c4231c; }
.foreign { stroke: #7a2fb8; } .s-foreign { fill: #7a2fb8; }
.none { fill: #fff; stroke: #b3bcc5; }
.north { fill: #c4231c; } .south { fill: #3567c4; }
.dashed { stroke-dasharray: 7 6; }
text { font: 15px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #24292f; }
.small { font-size: 13px; } .quiet { fill: #57606a; } .bold { font-weight: 650; }
.onpill { font-size: 12.5px; font-weight: 650; fill: #fff; }
.onidle { font-size: 12.5px; fill: #6b747d; }
.number { font-size: 10px; fill: #1b1f23; font-weight: 650; }
.danger { fill: #b3130c; font-weight: 650; }
@media (prefers-color-scheme: dark) {
  .card { fill: #161b22; stroke: #3d444d; }
  .board { fill: #16301f; stroke: #2f6b43; }
  .strip { fill: #05070a; }
  .idle { fill: #6b747d; stroke: #3d444d; }
  .ink { stroke: #e6edf3; } .fill { fill: #e6edf3; }
  .body { fill: #0d1117; stroke: #e6edf3; }
  .plain { fill: #21262d; stroke: #e6edf3; }
  .signal { stroke: #4ac77b; } .s-signal { fill: #4ac77b; }
  .ground { stroke: #a7b1bb; } .s-ground { fill: #a7b1bb; }
  .three { stroke: #f0a04b; } .s-three { fill: #f0a04b; }
  .five { stroke: #ff7b72; } .s-five { fill: #ff7b72; }
  .foreign { stroke: #c79bff; } .s-foreign { fill: #c79bff; }
  .none { fill: #10151b; stroke: #4b545e; }
  text { fill: #e6edf3; }
  .quiet { fill: #a7b1bb; } .onpill { fill: #0d1117; } .onidle { fill: #8b949e; }
  .number { fill: #1b1f23; }
  .danger { fill: #ff8f87; }
}
"""

Point = tuple[float, float]


def row(pin: int) -> float:
    """The height of a header pin's middle."""
    return FIRST + (pin - 1) // 2 * ROW


class Drawing:
    """One drawing: a card with the header at its right, and the circuit that is added to it.

    Args:
        name: the file's name.
        title: what it shows, in a few words.
        told: what it shows, for people who can't see it.
        used: header pin to the class of its wire.
    """

    def __init__(self, name: str, title: str, told: str, used: dict[int, str]) -> None:
        self.name = name
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title told">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="told">{escape(told)}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="card" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="14"/>',
        ]
        self._header(used)

    def add(self, *parts: str) -> None:
        """Add pieces of SVG."""
        self._parts += parts

    def text(self) -> str:
        """All of the SVG."""
        return "\n".join([*self._parts, "</svg>", ""])

    def _header(self, used: dict[int, str]) -> None:
        torn = "l-24.5 8l-24.5 -8" * 6
        self.add(
            f'<path class="board" d="M556 40H850V{row(25) + 34}{torn}Z" stroke-width="1.5"/>',
            f'<rect class="strip" x="665" y="{FIRST - 15}" width="72" '
            f'height="{12 * ROW + 30}" rx="4"/>',
        )
        for pin, name in NAMES.items():
            left = pin % 2 == 1
            y = row(pin)
            x = 684 if left else 718
            kind = used.get(pin)
            start = PILL_LEFT if left else 746
            pill = f"s-{kind}" if kind else "none"
            written = "onpill" if kind else "onidle"
            pad = "pad" if kind else "idle"
            self.add(
                f'<rect class="{pill}" x="{start}" y="{y - 10}" width="84" height="20" rx="6"/>',
                text(start + 42, y + 4.5, name, written, "middle"),
                # Pin 1 has a square pad on every board.
                f'<rect class="{pad}" x="{x - 10}" y="{y - 10}" width="20" height="20"/>'
                if pin == 1
                else f'<circle class="{pad}" cx="{x}" cy="{y}" r="10"/>',
                text(x, y + 3.6, str(pin), "number", "middle"),
            )
        self.add(text(701, row(25) + 29, "the header goes on to pin 40", "small quiet", "middle"))


# ------------------------------------------------------------------------------------- symbols


def text(x: float, y: float, said: str, kind: str = "", anchor: str = "start") -> str:
    """A line of text; `anchor` is start, middle or end."""
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'


def lines(x: float, y: float, said: Iterable[str], kind: str = "small", step: int = 18) -> str:
    """Several lines of text."""
    return "".join(text(x, y + n * step, line, kind) for n, line in enumerate(said))


def wire(kind: str, *points: Point, more: str = "") -> str:
    """A wire through points."""
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline class="line {kind} {more}" points="{path}"/>'


def joint(kind: str, x: float, y: float) -> str:
    """A dot where wires meet."""
    return f'<circle class="s-{kind}" cx="{x}" cy="{y}" r="4.5"/>'


def end(x: float, y: float) -> str:
    """An open terminal."""
    return f'<circle class="body" cx="{x}" cy="{y}" r="4.5"/>'


def resistor(x: float, y: float, upright: bool = False) -> str:
    """A resistor with its middle there: 46 long."""
    wide, high = (16, 46) if upright else (46, 16)
    return (
        f'<rect class="body" x="{x - wide / 2}" y="{y - high / 2}" width="{wide}" height="{high}"/>'
    )


def diode(x: float, y: float, turned: int) -> str:
    """A diode with its middle there: 28 long; its arrow points right, turned by degrees."""
    return (
        f'<g transform="translate({x} {y}) rotate({turned})">'
        '<path class="line ink" d="M-14 0H14"/>'
        '<path class="fill ink" d="M-9 -10V10L9 0Z"/><path class="line ink" d="M9 -10V10"/></g>'
    )


def schottky(x: float, y: float, turned: int) -> str:
    """A Schottky diode: its bar has hooks."""
    return (
        f'<g transform="translate({x} {y}) rotate({turned})">'
        '<path class="line ink" d="M-14 0H14"/><path class="fill ink" d="M-9 -10V10L9 0Z"/>'
        '<path class="line ink" d="M4 -7V-11H9V11H14V7"/></g>'
    )


def rays(x: float, y: float, turned: int = 0) -> str:
    """Two arrows of light."""
    arrow = '<path class="line ink" stroke-width="1.8" d="M0 {0}H20M15 {1}L20 {0}L15 {2}"/>'
    both = arrow.format(-5, -9, -1) + arrow.format(6, 2, 10)
    return f'<g transform="translate({x} {y}) rotate({turned})">{both}</g>'


def npn(x: float, y: float, base: bool = True) -> str:
    """An NPN transistor round that place: base at -36, collector at (10, -36), emitter at 36."""
    return (
        f'<g transform="translate({x} {y})"><circle class="body" r="24"/>'
        + ('<path class="line ink" d="M-36 0H-8"/>' if base else "")
        + '<path class="line ink" d="M-8 -13V13M-8 -6L10 -16V-36M-8 6L10 16V36"/>'
        '<path class="fill" d="M9 15.5L-1 15.2L4 6.4Z"/></g>'
    )


def mosfet(x: float, y: float) -> str:
    """An N-channel MOSFET round that place: gate at 36, drain at (-10, -36), source at 36 below."""
    return (
        f'<g transform="translate({x} {y}) scale(-1 1)"><circle class="body" r="24"/>'
        '<path class="line ink" d="M-36 0H-12M-12 -13V13M-5 -15V-8M-5 -4V4M-5 8V15M-5 -11H10V-36'
        'M-5 11H10V36M-5 0H10V11"/><path class="fill" d="M-5 0L4 -5V5Z"/></g>'
    )


def lamp(x: float, y: float) -> str:
    """A lamp with its middle there: 44 wide."""
    return (
        f'<circle class="body" cx="{x}" cy="{y}" r="22"/>'
        f'<path class="line ink" d="M{x - 15} {y - 15}L{x + 15} {y + 15}'
        f'M{x - 15} {y + 15}L{x + 15} {y - 15}"/>'
    )


def supply(x: float, y: float, volts: str) -> str:
    """A supply, upright, with its middle there: plus at y - 20, minus at y + 20."""
    return (
        f'<path class="line ink" d="M{x} {y - 20}V{y - 6}M{x - 22} {y - 6}H{x + 22}"/>'
        f'<path class="line ink" stroke-width="5" d="M{x - 12} {y + 6}H{x + 12}"/>'
        f'<path class="line ink" d="M{x} {y + 6}V{y + 20}"/>'
        + text(x - 10, y - 14, "+", "bold", "end")
        + text(x + 28, y + 5, volts, "small")
    )


def capacitor(x: float, y: float) -> str:
    """A capacitor, upright, with its middle there: 40 long."""
    return (
        f'<path class="line ink" d="M{x} {y - 20}V{y - 5}M{x - 16} {y - 5}H{x + 16}'
        f'M{x - 16} {y + 5}H{x + 16}M{x} {y + 5}V{y + 20}"/>'
    )


def magnet(x: float, y: float) -> str:
    """A bar magnet, upright, 22 by 92, from its upper left corner."""
    return (
        f'<rect class="north" x="{x}" y="{y}" width="22" height="46"/>'
        f'<rect class="south" x="{x}" y="{y + 46}" width="22" height="46"/>'
        f'<rect class="line ink" x="{x}" y="{y}" width="22" height="92"/>'
        f'<text x="{x + 11}" y="{y + 28}" text-anchor="middle" '
        'style="fill:#fff;font-weight:700">N</text>'
        f'<text x="{x + 11}" y="{y + 74}" text-anchor="middle" '
        'style="fill:#fff;font-weight:700">S</text>'
    )


def button(x: float, y: float) -> str:
    """A push button that makes contact, upright: terminals at y and y + 60."""
    return (
        f'<path class="line ink" d="M{x} {y}V{y + 8}M{x} {y + 52}V{y + 60}'
        f'M{x - 16} {y + 12}V{y + 48}M{x - 16} {y + 30}H{x - 36}M{x - 36} {y + 20}V{y + 40}"/>'
        + end(x, y + 10)
        + end(x, y + 50)
    )


# ------------------------------------------------------------------------------------ drawings


def draw_button() -> Drawing:
    """A push button between GPIO 17 and ground."""
    d = Drawing(
        "button",
        "A push button between GPIO 17 and ground",
        "One terminal of the push button goes to GPIO 17, header pin 11, the other to ground, "
        "header pin 9. No resistor is needed: the Pi's own pull-up holds the pin HIGH.",
        {9: "ground", 11: "signal"},
    )
    x = 330
    d.add(
        wire("ground", (PILL_LEFT, row(9)), (480, row(9)), (480, 110), (x, 110), (x, 142)),
        wire("signal", (PILL_LEFT, row(11)), (480, row(11)), (480, 236), (x, 236), (x, 202)),
        button(x, 142),
        text(x + 16, 178, "push button"),
        text(492, row(9) - 9, "ground", "small quiet"),
        text(492, row(11) + 20, "signal", "small quiet"),
        # A tactile switch: which legs are one.
        '<rect class="plain" x="70" y="122" width="96" height="96" rx="8"/>',
        '<circle class="body" cx="118" cy="170" r="27"/>',
        '<path class="line ink" stroke-width="5" d="M70 142H44M166 142H192"/>',
        '<path class="line ink" stroke-width="5" d="M70 198H44M166 198H192"/>',
        '<path class="line ink dashed" stroke-width="2" d="M74 142H162M74 198H162"/>',
        text(118, 106, "a tactile switch, from above", "small", "middle"),
        '<circle class="s-signal" cx="44" cy="142" r="6"/>',
        '<circle class="s-ground" cx="192" cy="198" r="6"/>',
        lines(
            34,
            246,
            (
                "The legs on a dashed line are one.",
                "Two legs across a corner are always right.",
            ),
        ),
        lines(
            34,
            330,
            (
                "Released: the Pi's own pull-up (about 50 kΩ) holds the pin HIGH.",
                "Pressed: the pin is LOW, and 3.3 V / 50 kΩ = 0.07 mA flows.",
            ),
        ),
        text(34, 388, "Never connect 5 V to a GPIO pin.", "danger"),
    )
    return d


def draw_reed() -> Drawing:
    """A reed switch that a magnet on the door closes."""
    d = Drawing(
        "reed-switch",
        "A reed switch between GPIO 27 and ground, and a magnet on the door",
        "The reed switch sits on the frame of the door and the magnet on the door. The switch lies "
        "between GPIO 27, header pin 13, and ground, header pin 9. The magnet closes it.",
        {9: "ground", 13: "signal"},
    )
    x = 330
    d.add(
        wire("ground", (PILL_LEFT, row(9)), (500, row(9)), (500, 84), (x, 84), (x, 112)),
        wire("signal", (PILL_LEFT, row(13)), (500, row(13)), (500, 256), (x, 256), (x, 228)),
        f'<rect class="body" x="{x - 18}" y="112" width="36" height="116" rx="18"/>',
        f'<path class="line ink" d="M{x} 112V146L{x + 3} 176M{x} 228V168"/>',
        text(x + 30, 166, "reed switch,"),
        text(x + 30, 184, "on the frame"),
        # The door.
        '<rect class="plain" x="70" y="58" width="150" height="222" rx="3"/>',
        '<circle class="body" cx="88" cy="172" r="6"/>',
        text(140, 100, "door", "quiet", "middle"),
        magnet(188, 124),
        text(178, 176, "magnet", "small", "end"),
        '<path class="line ink" stroke-width="1.6" d="M222 170H306M230 165L222 170L230 175'
        'M298 165L306 170L298 175"/>',
        text(264, 158, "5 to 15 mm", "small quiet", "middle"),
        lines(
            34,
            316,
            (
                "Door closed: the magnet closes the switch, and the pin is LOW.",
                "Door open: the pin is HIGH. A cut wire looks like an open door.",
            ),
        ),
        text(34, 388, "Never connect 5 V to a GPIO pin.", "danger"),
    )
    return d


def draw_normally_closed() -> Drawing:
    """A contact that opens when it is pressed."""
    d = Drawing(
        "normally-closed",
        "A normally-closed contact between GPIO 17 and ground",
        "The terminal NC goes to GPIO 17, header pin 11, the terminal COM to ground, header pin 9; "
        "NO stays free. The contact opens when it is pressed.",
        {9: "ground", 11: "signal"},
    )
    d.add(
        # A microswitch: COM at the left, NC below, NO above.
        '<rect class="plain" x="150" y="96" width="190" height="150" rx="8"/>',
        '<path class="line ink" stroke-width="3" d="M164 96L300 72"/>',
        '<circle class="body" cx="304" cy="70" r="9"/>',
        '<rect class="fill" x="240" y="80" width="12" height="22" rx="3"/>',
        text(318, 66, "lever", "small quiet"),
        '<path class="line ink" stroke-width="3" d="M196 166L284 194"/>',
        '<path class="line ink dashed" stroke-width="1.6" d="M246 104V180"/>',
        end(190, 164),
        end(290, 134),
        end(290, row(11)),
        text(190, 144, "COM", "small bold", "middle"),
        text(290, 122, "NO", "small bold", "middle"),
        text(290, 222, "NC", "small bold", "middle"),
        wire(
            "ground",
            (PILL_LEFT, row(9)),
            (470, row(9)),
            (470, 36),
            (110, 36),
            (110, 164),
            (185, 164),
        ),
        wire("signal", (PILL_LEFT, row(11)), (295, row(11))),
        text(352, 138, "NO stays free", "small quiet"),
        text(300, 266, "shown as it rests: nobody presses", "small quiet", "middle"),
        lines(
            34,
            316,
            (
                "At rest: the contact is closed, and the pin is LOW.",
                "Pressed: it opens, and the pull-up makes the pin HIGH. So does a cut wire:",
                "with this contact a broken cable counts as a press.",
            ),
        ),
        text(34, 394, "Never connect 5 V to a GPIO pin.", "danger"),
    )
    return d


def draw_pir() -> Drawing:
    """A motion sensor HC-SR501."""
    d = Drawing(
        "pir",
        "A motion sensor HC-SR501 on 5 V, with its output on GPIO 17",
        "VCC goes to 5 V, header pin 2, OUT to GPIO 17, header pin 11, GND to ground, header pin "
        "25. OUT is 3.3 V while something moves, else 0 V.",
        {2: "five", 11: "signal", 25: "ground"},
    )
    d.add(
        '<rect class="plain" x="96" y="84" width="210" height="190" rx="10"/>',
        '<circle class="body" cx="186" cy="179" r="70"/>',
        '<path class="line ink" stroke-width="1.2" opacity=".55" d="M186 109V249M116 179H256'
        'M137 130L235 228M137 228L235 130M150 119Q186 179 150 239M222 119Q186 179 222 239"/>',
        text(186, 76, "HC-SR501", "bold", "middle"),
        *(
            f'<rect class="pad" x="284" y="{y - 7}" width="14" height="14"/>'
            for y in (124, row(11), 246)
        ),
        text(322, 119, "VCC", "small bold"),
        text(322, row(11) - 8, "OUT", "small bold"),
        text(322, 241, "GND", "small bold"),
        wire(
            "five",
            (298, 124),
            (420, 124),
            (420, TOP_LANE),
            (RIGHT_LANE, TOP_LANE),
            (RIGHT_LANE, row(2)),
            (PILL_RIGHT, row(2)),
        ),
        wire("signal", (298, row(11)), (PILL_LEFT, row(11))),
        wire("ground", (298, 246), (420, 246), (420, row(25)), (PILL_LEFT, row(25))),
        text(408, 60, "5 V feeds the sensor only", "small quiet", "end"),
        text(404, row(11) - 8, "3.3 V: motion", "small quiet"),
        text(404, row(11) + 20, "0 V: none", "small quiet"),
        lines(
            34,
            306,
            (
                "The order of the three pins differs from board",
                "to board. Read the print on yours, below the",
                "white dome, before you connect 5 V.",
            ),
        ),
        text(34, 388, "Never connect 5 V to a GPIO pin.", "danger"),
    )
    return d


def draw_light_barrier() -> Drawing:
    """A light barrier with an open collector."""
    d = Drawing(
        "light-barrier",
        "A light barrier with an NPN open collector on GPIO 17",
        "The brown wire goes to 5 V, header pin 2, the blue one to ground, header pin 25, the "
        "black one through a Schottky diode to GPIO 17, header pin 11. The cathode of the diode is "
        "at the sensor.",
        {2: "five", 11: "signal", 25: "ground"},
    )
    d.add(
        '<rect class="plain" x="96" y="84" width="196" height="204" rx="10"/>',
        text(194, 110, "light barrier, NPN", "bold", "middle"),
        # The sensor's output transistor.
        npn(240, row(11) + 36),
        f'<path class="line ink" d="M250 {row(11)}H292M250 {row(11) + 72}H292"/>',
        rays(140, 180, 90),
        text(138, 168, "light", "small quiet", "middle"),
        '<path class="line ink dashed" stroke-width="1.8" d="M164 232H204"/>',
        '<rect class="body" x="112" y="212" width="52" height="40" rx="4"/>',
        text(138, 237, "eye", "small", "middle"),
        text(300, 138, "brown: + supply", "small"),
        text(300, row(11) - 20, "black: OUT", "small"),
        text(300, 286, "blue: 0 V", "small"),
        wire(
            "five",
            (292, 148),
            (420, 148),
            (420, TOP_LANE),
            (RIGHT_LANE, TOP_LANE),
            (RIGHT_LANE, row(2)),
            (PILL_RIGHT, row(2)),
        ),
        wire("signal", (292, row(11)), (446, row(11))),
        schottky(460, row(11), 180),
        wire("signal", (474, row(11)), (PILL_LEFT, row(11))),
        text(460, row(11) + 30, "BAT85", "small", "middle"),
        text(460, row(11) + 47, "Schottky", "small quiet", "middle"),
        wire("ground", (292, 268), (420, 268), (420, row(25)), (PILL_LEFT, row(25))),
        lines(
            34,
            318,
            (
                "The transistor can only pull the pin LOW.",
                "HIGH comes from the Pi's pull-up. The diode",
                "keeps the sensor's supply away from the pin.",
            ),
        ),
        text(34, 394, "Never connect 5 V to a GPIO pin.", "danger"),
    )
    return d


def draw_optocoupler() -> Drawing:
    """A signal of 24 V through an optocoupler."""
    d = Drawing(
        "24-volt",
        "A 24 V signal through an optocoupler PC817 on GPIO 17",
        "The 24 V output goes through 4.7 kilohms to the optocoupler's LED and back to the 0 V of "
        "the 24 V supply. A diode across the LED takes wrong polarity. The transistor side goes to "
        "GPIO 17, header pin 11, and ground, header pin 25. The two grounds are not connected.",
        {11: "signal", 25: "ground"},
    )
    top, low = row(11), 296
    d.add(
        # Its body, over the gap between both sides.
        f'<rect class="plain" x="282" y="{top - 40}" width="172" height="176" rx="8"/>',
        text(368, top - 50, "PC817", "bold", "middle"),
        f'<path class="line ink dashed" d="M366 30V{top - 74}M366 {top + 144}V392"/>',
        text(358, 46, "24 V side", "small bold", "end"),
        text(374, 46, "Pi side", "small bold"),
        # The 24 V side.
        end(52, top),
        end(52, low),
        text(40, top - 34, "sensor or PLC output,", "small"),
        text(40, top - 17, "switches +24 V (PNP)", "small"),
        text(40, low + 24, "0 V of the 24 V supply", "small"),
        wire("foreign", (57, top), (108, top)),
        resistor(131, top),
        text(131, top + 26, "4.7 kΩ", "small", "middle"),
        text(131, top + 43, "¼ W", "small quiet", "middle"),
        wire("foreign", (154, top), (310, top), (310, top + 36)),
        diode(310, top + 50, 90),
        wire("foreign", (310, top + 64), (310, low), (57, low)),
        joint("foreign", 218, top),
        joint("foreign", 218, low),
        wire("foreign", (218, top), (218, top + 36)),
        diode(218, top + 50, 270),
        wire("foreign", (218, top + 64), (218, low)),
        text(204, top + 66, "1N4148", "small", "end"),
        rays(330, top + 50),
        # The Pi's side.
        npn(400, top + 50, base=False),
        f'<path class="line ink" d="M392 {top + 37}V{top + 63}"/>',
        wire("signal", (410, top + 14), (410, top), (PILL_LEFT, top)),
        wire("ground", (410, top + 86), (410, row(25)), (PILL_LEFT, row(25))),
        *(
            text(x, y, n, "small quiet", a)
            for x, y, n, a in (
                (290, top - 8, "1", "start"),
                (290, top + 126, "2", "start"),
                (446, top + 126, "3", "end"),
                (446, top - 8, "4", "end"),
            )
        ),
        lines(
            34,
            352,
            ("24 V on: (24 V - 1.2 V) / 4.7 kΩ = 4.9 mA", "light the LED, and the pin is LOW."),
        ),
        text(34, 404, "Never connect 24 V or 5 V to a GPIO pin.", "danger"),
        text(468, 290, "the grounds", "small quiet"),
        text(468, 307, "stay apart", "small quiet"),
    )
    return d


def draw_long_cable() -> Drawing:
    """A button at the end of a long cable."""
    d = Drawing(
        "long-cable",
        "A button at the end of a long cable, with a pull-up, a capacitor and a series resistor",
        "The cable is a twisted pair. At the Pi, 2.2 kilohms go from the signal to 3.3 V, header "
        "pin 1, 100 nanofarads from the signal to ground, header pin 25, and 1 kilohm from the "
        "signal to GPIO 17, header pin 11.",
        {1: "three", 11: "signal", 25: "ground"},
    )
    y, low = row(11), 286
    twist = "".join(
        f"M{x} {one}C{x + 18} {one} {x + 18} {other} {x + 36} {other}"
        for x in range(122, 302, 36)
        for one, other in ((y, low), (low, y))
    )
    d.add(
        wire("signal", (68, 211), (68, y), (122, y)),
        wire("ground", (68, 271), (68, low), (122, low)),
        button(68, 211),
        f'<path class="line ink" stroke-width="2" d="{twist}"/>',
        text(212, 180, "twisted pair, up to 30 m", "small", "middle"),
        text(34, 184, "button", "small"),
        '<path class="line ink dashed" stroke-width="1.6" d="M318 40V306"/>',
        text(310, 60, "far away", "small quiet", "end"),
        text(326, 60, "next to the Pi", "small quiet"),
        wire("signal", (302, y), (486, y)),
        wire("ground", (302, low), (430, low)),
        # Pull-up, capacitor, series resistor.
        joint("signal", 380, y),
        wire("three", (380, 106), (380, row(1)), (PILL_LEFT, row(1))),
        resistor(380, 129, upright=True),
        wire("signal", (380, 152), (380, y)),
        text(396, 134, "2.2 kΩ", "small"),
        joint("signal", 430, y),
        wire("signal", (430, y), (430, y + 30)),
        capacitor(430, y + 50),
        wire("ground", (430, y + 70), (430, row(25)), (PILL_LEFT, row(25))),
        joint("ground", 430, low),
        text(454, y + 55, "100 nF", "small"),
        resistor(509, y),
        text(509, y - 16, "1 kΩ", "small", "middle"),
        wire("signal", (532, y), (PILL_LEFT, y)),
        lines(
            34,
            336,
            (
                "2.2 kΩ let 1.5 mA flow through the contact, twenty times",
                "what the Pi's own pull-up gives. The capacitor takes",
                "short spikes, and 1 kΩ protects the pin.",
            ),
        ),
        text(34, 400, "Never connect 5 V to a GPIO pin.", "danger"),
    )
    return d


def draw_relay() -> Drawing:
    """A relay, and by it a lamp, on an output."""
    d = Drawing(
        "lamp-and-relay",
        "A lamp behind a relay, which GPIO 22 drives through a transistor",
        "GPIO 22, header pin 15, goes through 1 kilohm to the base of an NPN transistor. Its "
        "emitter is at ground, header pin 25, its collector at the relay's coil, whose other end "
        "is at 5 V, header pin 2. A diode lies across the coil, its cathode at 5 V. The relay's "
        "contact switches a lamp with a supply of its own.",
        {2: "five", 15: "signal", 25: "ground"},
    )
    y = row(15)
    d.add(
        wire("signal", (PILL_LEFT, y), (530, y)),
        resistor(507, y),
        text(507, y - 16, "1 kΩ", "small", "middle"),
        wire("signal", (484, y), (396, y)),
        joint("signal", 450, y),
        wire("signal", (450, y), (450, y + 24)),
        resistor(450, y + 47, upright=True),
        text(466, y + 52, "10 kΩ", "small"),
        wire("ground", (450, y + 70), (450, row(25))),
        joint("ground", 450, row(25)),
        # The transistor, mirrored: its base is at the right.
        f'<g transform="translate(720 0) scale(-1 1)">{npn(360, y)}</g>',
        text(396, y - 22, "BC337", "small"),
        wire("ground", (350, y + 36), (350, row(25)), (PILL_LEFT, row(25))),
        # Coil and diode.
        wire(
            "five",
            (350, 96),
            (350, TOP_LANE),
            (RIGHT_LANE, TOP_LANE),
            (RIGHT_LANE, row(2)),
            (PILL_RIGHT, row(2)),
        ),
        '<rect class="body" x="326" y="96" width="48" height="68"/>',
        '<path class="line ink" d="M326 164L374 96"/>',
        wire("ink", (350, 164), (350, y - 36)),
        joint("five", 350, 70),
        wire("five", (350, 70), (440, 70), (440, 116)),
        diode(440, 130, 270),
        wire("ink", (440, 144), (440, 190), (350, 190)),
        '<circle class="fill" cx="350" cy="190" r="4.5"/>',
        text(458, 126, "1N4007", "small"),
        text(458, 143, "flyback diode", "small quiet"),
        text(314, 66, "relay coil", "small bold", "end"),
        text(314, 83, "5 V, 70 mA", "small quiet", "end"),
        # Contact and lamp.
        '<path class="line ink dashed" stroke-width="1.6" d="M326 130H224"/>',
        '<path class="line ink" d="M218 160L238 112"/>',
        wire("foreign", (214, 98), (214, 56), (128, 56)),
        end(214, 103),
        end(214, 164),
        wire("foreign", (214, 169), (214, 226), (150, 226)),
        lamp(128, 226),
        text(128, 268, "lamp, 12 V", "small bold", "middle"),
        wire("foreign", (106, 226), (56, 226), (56, 156)),
        wire("foreign", (128, 56), (56, 56), (56, 128)),
        '<path class="line ink" d="M34 128H78"/><path class="line ink" stroke-width="5" '
        'd="M44 140H68"/><path class="line ink" d="M56 140V156"/>',
        text(86, 132, "12 V", "small"),
        text(46, 122, "+", "bold", "end"),
        lines(
            34,
            310,
            (
                "Pin HIGH: 2.6 mA into the base switch",
                "the coil's 70 mA. 10 kΩ keep the relay",
                "off while the Pi boots.",
            ),
        ),
        text(34, 372, "A GPIO pin gives a few mA:", "danger"),
        text(34, 392, "never a coil or lamp directly,", "danger"),
        text(34, 412, "and never 5 V into it.", "danger"),
    )
    return d


def draw_lit_button() -> Drawing:
    """A push button with a lamp in it."""
    d = Drawing(
        "lit-button",
        "A lit push button: its contact on GPIO 17, its lamp on GPIO 22 through a transistor",
        "The contact lies between GPIO 17, header pin 11, and ground, header pin 9. The lamp's "
        "plus goes to 5 V, header pin 2, its minus to the collector of an NPN transistor. The "
        "emitter is at ground, header pin 25. GPIO 22, header pin 15, goes through 1 kilohm to the "
        "base, and 10 kilohms go from GPIO 22 to ground.",
        {2: "five", 9: "ground", 11: "signal", 15: "signal", 25: "ground"},
    )
    d.add(
        '<rect class="plain" x="60" y="66" width="192" height="222" rx="12"/>',
        text(128, 138, "lit push", "bold"),
        text(128, 156, "button", "bold"),
        wire("ground", (PILL_LEFT, row(9)), (510, row(9)), (510, 92), (110, 92), (110, 110)),
        wire("signal", (PILL_LEFT, row(11)), (110, row(11)), (110, 170)),
        button(110, 110),
        # The lamp.
        wire(
            "five",
            (158, 244),
            (40, 244),
            (40, TOP_LANE),
            (RIGHT_LANE, TOP_LANE),
            (RIGHT_LANE, row(2)),
            (PILL_RIGHT, row(2)),
        ),
        lamp(180, 244),
        text(134, 236, "+", "bold", "end"),
        text(156, 280, "its lamp, 5 V", "small", "middle"),
        wire("ink", (202, 244), (350, 244), (350, 264)),
        # The transistor, mirrored: its base is at the right.
        f'<g transform="translate(720 0) scale(-1 1)">{npn(360, 300)}</g>',
        text(326, 305, "BC337", "small", "end"),
        wire("ground", (350, 336), (350, row(25)), (PILL_LEFT, row(25))),
        wire("signal", (PILL_LEFT, row(15)), (470, row(15)), (470, 300), (456, 300)),
        resistor(433, 300),
        text(433, 284, "1 kΩ", "small", "middle"),
        wire("signal", (410, 300), (396, 300)),
        joint("signal", 470, 300),
        wire("signal", (470, 300), (470, 316)),
        resistor(470, 339, upright=True),
        text(486, 344, "10 kΩ", "small"),
        wire("ground", (470, 362), (470, row(25))),
        joint("ground", 470, row(25)),
        lines(
            34,
            322,
            (
                "Pin HIGH: 2.6 mA into the base switch",
                "the lamp on. 10 kΩ keep it off while",
                "the Pi boots.",
            ),
        ),
        text(34, 390, "Never connect the lamp to the pin,", "danger"),
        text(34, 410, "and never 5 V to a GPIO pin.", "danger"),
    )
    return d


def draw_solenoid_lock() -> Drawing:
    """A solenoid lock with a supply of its own."""
    d = Drawing(
        "solenoid-lock",
        "A solenoid lock for 12 V, which GPIO 27 switches through a MOSFET",
        "The plus of a 12 V supply goes to the lock, the lock's other end to the drain of an "
        "N-channel MOSFET. The source, the supply's minus and ground, header pin 25, are "
        "connected. GPIO 27, header pin 13, goes through 100 ohms to the gate, and 10 kilohms go "
        "from GPIO 27 to ground. A diode lies across the lock, its cathode at plus.",
        {13: "signal", 25: "ground"},
    )
    y = 262
    d.add(
        supply(96, 190, "12 V, 2 A"),
        wire("foreign", (96, 170), (96, 62), (350, 62), (350, 96)),
        wire("ground", (96, 210), (96, row(25)), (350, row(25))),
        # The lock's coil, and the diode across it.
        '<rect class="body" x="326" y="96" width="48" height="68"/>',
        '<path class="line ink" d="M326 164L374 96"/>',
        text(312, 122, "solenoid lock", "bold", "end"),
        text(312, 142, "12 V, 1 A, for 2 s", "small quiet", "end"),
        joint("foreign", 350, 62),
        wire("foreign", (350, 62), (440, 62), (440, 116)),
        diode(440, 130, 270),
        wire("ink", (440, 144), (440, 194), (350, 194)),
        text(458, 126, "1N4007", "small"),
        text(458, 143, "flyback diode", "small quiet"),
        wire("ink", (350, 164), (350, y - 36)),
        '<circle class="fill" cx="350" cy="194" r="4.5"/>',
        # The MOSFET.
        mosfet(360, y),
        text(324, y - 3, "MOSFET that", "small", "end"),
        text(324, y + 14, "switches at 3.3 V", "small", "end"),
        wire("ground", (350, y + 36), (350, row(25)), (PILL_LEFT, row(25))),
        joint("ground", 350, row(25)),
        wire("signal", (396, y), (410, y)),
        resistor(433, y),
        text(433, y - 16, "100 Ω", "small", "middle"),
        wire("signal", (456, y), (490, y), (490, row(13)), (PILL_LEFT, row(13))),
        joint("signal", 490, y),
        wire("signal", (490, y), (490, y + 22)),
        resistor(490, y + 45, upright=True),
        text(506, y + 50, "10 kΩ", "small"),
        wire("ground", (490, y + 68), (490, row(25))),
        joint("ground", 490, row(25)),
        lines(
            128,
            314,
            (
                "Pin HIGH: the lock opens.",
                "10 kΩ keep it shut while",
                "the Pi boots.",
            ),
        ),
        text(34, 408, "Never the lock at the pin itself, and never 12 V or 5 V.", "danger"),
    )
    return d


def draw_photo_booth() -> Drawing:
    """Two lamps on a board with two MOSFETs."""
    d = Drawing(
        "photo-booth",
        "A countdown lamp and a light for 12 V, on a board with two MOSFETs, on GPIO 27 and 23",
        "The board's input 1 goes to GPIO 27, header pin 13, input 2 to GPIO 23, header pin 16, "
        "its ground to header pin 25. The plus of a 12 V supply goes to both lamps, the other end "
        "of the countdown lamp to output 1, that of the light to output 2. The supply's minus goes "
        "to the board's ground.",
        {13: "signal", 16: "signal", 25: "ground"},
    )
    d.add(
        '<rect class="plain" x="316" y="104" width="160" height="226" rx="10"/>',
        text(396, 126, "MOSFET board", "bold", "middle"),
        text(396, 144, "for 3.3 V inputs", "small quiet", "middle"),
        *(
            text(x, y, said, "small bold", anchor)
            for x, y, said, anchor in (
                (464, 179, "IN 2", "end"),
                (464, row(13) + 5, "IN 1", "end"),
                (464, 305, "GND", "end"),
                (328, 179, "OUT 2", "start"),
                (328, row(13) + 5, "OUT 1", "start"),
                (328, 305, "GND", "start"),
            )
        ),
        wire("signal", (PILL_LEFT, row(13)), (476, row(13))),
        wire(
            "signal",
            (476, 174),
            (516, 174),
            (516, TOP_LANE),
            (RIGHT_LANE, TOP_LANE),
            (RIGHT_LANE, row(16)),
            (PILL_RIGHT, row(16)),
        ),
        wire("ground", (476, 300), (516, 300), (516, row(25)), (PILL_LEFT, row(25))),
        # The lamps, and their supply.
        wire("foreign", (70, 230), (70, 90), (128, 90), (128, row(13)), (190, row(13))),
        wire("foreign", (128, 174), (190, 174)),
        joint("foreign", 128, 174),
        lamp(212, 174),
        lamp(212, row(13)),
        text(212, 144, "light", "small bold", "middle"),
        text(212, row(13) + 40, "countdown lamp", "small bold", "middle"),
        wire("ink", (234, 174), (316, 174)),
        wire("ink", (234, row(13)), (316, row(13))),
        supply(70, 250, "12 V"),
        wire("ground", (70, 270), (70, 300), (316, 300)),
        lines(
            34,
            342,
            (
                "Each lamp lies between + and its output. The button",
                "and the lamp in it, on GPIO 17 and 22, have a drawing",
                "of their own: A lit button.",
            ),
        ),
        text(34, 410, "Never connect a lamp, 12 V or 5 V to a GPIO pin.", "danger"),
    )
    return d


DRAWINGS = (
    draw_button,
    draw_reed,
    draw_normally_closed,
    draw_pir,
    draw_light_barrier,
    draw_optocoupler,
    draw_long_cable,
    draw_relay,
    draw_lit_button,
    draw_solenoid_lock,
    draw_photo_booth,
)


if __name__ == "__main__":
    for draw in DRAWINGS:
        drawing = draw()
        (HERE / f"{drawing.name}.svg").write_text(drawing.text(), "utf-8")
