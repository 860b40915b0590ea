"""Draw docs/latency.md's picture: `python docs/latency/draw.py` writes press-to-photon.svg here.

It needs only Python. The picture is light or dark as the reader's system is. The figures are in
figures.json, which `measure.py` writes.
"""

import json
from html import escape
from pathlib import Path

HERE = Path(__file__).parent

STAGES = ("debounce", "wake_up", "send", "navigation", "paint")
FIGURES = json.loads((HERE / "figures.json").read_text("utf-8"))["ways"]

WIDTH, HEIGHT = 760, 346
LEFT, RIGHT = 184, 738  # of the axis
TOP, BAR, STEP = 96, 30, 46  # the first bar, a bar's height, from one bar to the next
LABEL = 52  # the width of a sum
MOST_MS = 200
COMFORTABLE_MS = (30, 85)  # Kaaresoja, Brewster and Lantz 2014
NOTICED_MS = 54  # Forch, Franke, Rauh and Krems 2017

STYLE = """
:root { color-scheme: light dark; }
.card { fill: #fbfcfd; stroke: #cfd6dd; }
.band { fill: #d8efdf; }
.notice { stroke: #0b7a3e; stroke-width: 2; stroke-dasharray: 6 5; }
.axis { stroke: #57606a; } .tick { stroke: #cfd6dd; }
.debounce { fill: #8d949b; } .wake_up { fill: #c4231c; } .send { fill: #b25a00; }
.navigation { fill: #3567c4; } .paint { fill: #7a2fb8; }
text { font: 14px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #24292f; }
.small { font-size: 12.5px; } .quiet { fill: #57606a; } .bold { font-weight: 650; }
.good { fill: #0b6b36; }
@media (prefers-color-scheme: dark) {
  .card { fill: #161b22; stroke: #3d444d; }
  .band { fill: #16301f; }
  .notice { stroke: #4ac77b; }
  .axis { stroke: #a7b1bb; } .tick { stroke: #3d444d; }
  .debounce { fill: #6b747d; } .wake_up { fill: #ff7b72; } .send { fill: #f0a04b; }
  .navigation { fill: #6d9bf0; } .paint { fill: #c79bff; }
  text { fill: #e6edf3; } .quiet { fill: #a7b1bb; } .good { fill: #4ac77b; }
}
"""


def at(ms: float) -> float:
    """Where a time is on the axis."""
    return LEFT + (RIGHT - LEFT) * ms / MOST_MS


def text(x: float, y: float, what: str, kind: str = "", anchor: str = "start") -> str:
    """Write a text."""
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} class="{kind}">{escape(what)}</text>'


def line(kind: str, x: float, top: float, bottom: float) -> str:
    """Draw a vertical line."""
    return f'<line class="{kind}" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}"/>'


def research(bottom: float) -> list[str]:
    """Draw the two results of research behind the bars."""
    begin, end = map(at, COMFORTABLE_MS)
    return [
        f'<rect class="band" x="{begin:.1f}" y="52" width="{end - begin:.1f}" '
        f'height="{bottom - 52}"/>',
        text(begin + 6, 46, "comfortable: 30 to 85 ms", "small good"),
        line("notice", at(NOTICED_MS), 58, bottom),
        text(at(NOTICED_MS) + 6, 74, "half of the people notice: 54 ms", "small good"),
    ]


def axis(bottom: float) -> list[str]:
    """Draw the axis below the bars."""
    lines = [f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{RIGHT}" y2="{bottom}"/>']
    for ms in range(0, MOST_MS + 1, 25):
        lines.append(line("axis", at(ms), bottom, bottom + 5))
        lines.append(text(at(ms), bottom + 20, str(ms), "small quiet", "middle"))
    lines.append(text(RIGHT, bottom + 38, "ms after the edge", "small quiet", "end"))
    return lines


def bars() -> list[str]:
    """Draw a bar of stages for each way to the next page, with its sum."""
    lines = []
    for number, (name, told) in enumerate(FIGURES.items()):
        y, begin = TOP + number * STEP, 0.0
        lines.append(text(LEFT - 10, y + 20, name, "bold", "end"))
        for stage in STAGES:
            ms = told["stages"][stage]["p50"]
            width = max(1.0, at(begin + ms) - at(begin))
            lines.append(
                f'<rect class="{stage}" x="{at(begin):.1f}" y="{y}" width="{width:.1f}" '
                f'height="{BAR}"><title>{stage}: {ms:g} ms</title></rect>'
            )
            begin += ms
        x = at(begin) + 8
        if x - 4 < at(NOTICED_MS) < x + LABEL:  # the line would go through the text
            x = at(NOTICED_MS) + 6
        lines.append(text(x, y + 20, f"{told['p50']:.0f} ms", "bold"))
    return lines


def legend(y: float) -> list[str]:
    """Name the colours."""
    lines, x = [], float(LEFT)
    for stage in STAGES:
        lines.append(f'<rect class="{stage}" x="{x:.1f}" y="{y - 10}" width="12" height="12"/>')
        lines.append(text(x + 18, y, stage.replace("_", "-"), "small"))
        x += 40 + 7.2 * len(stage)
    return lines


def picture() -> str:
    """Draw the whole picture."""
    bottom = TOP + len(FIGURES) * STEP
    told = ", ".join(f"{name} {each['p50']:.0f} ms" for name, each in FIGURES.items())
    label = f"From a press to the next page on the screen: {told}"
    parts = [
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="10"/>',
        text(20, 28, "From the edge to the next page on the screen", "bold"),
        *research(bottom),
        *bars(),
        *axis(bottom),
        *legend(HEIGHT - 14),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(label)}">',
            f"<style>{STYLE}</style>",
            *parts,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    (HERE / "press-to-photon.svg").write_text(picture(), encoding="utf-8")
