"""One attack beside the witnesses: before, meanwhile, afterwards; and what it has come to."""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from attacks import exhibits
from attacks.catalogue import Attack
from attacks.exhibits import PEAK, Exhibit
from attacks.witness import Figures, Witnesses, quantile

WITHOUT_S = 3.0
"""How long the witnesses measure without the attack, in seconds."""

LATER_BY_S = 0.1
"""How much later an edge may come, at the 95th percentile, in seconds."""

PAGE_S = 1.0
"""Within which a page, a new socket, a film's beginning or a kiosk's next page must come."""

PEAK_MIB = 64
"""By how much the process may grow at most, in the middle of the attack.

What it may be afterwards is the attack's own (`Attack.growth_mib`), 20 MiB but for row 8. Python
and the C library keep the pages of a freed heap for its next use: after an attack the process is
larger by about the most that was alive at once. What leaks grows with time, which the long form
shows: the same bounds hold after minutes.
"""

DESCRIPTORS = 2
"""How many more may be open afterwards: a page load that is just ending has one."""

BACK_S = 15.0
"""Within which memory and descriptors must be back, in seconds: a head has 10 s."""

LOG_BYTES = 64 * 1024
LOG_BYTES_A_SECOND = 8 * 1024
"""How much may be logged: a line for each display that comes or leaves, and else what a failure
that is repeated may say."""


@dataclass(slots=True)
class Result:
    """What was measured."""

    attack: Attack
    without: Figures = field(default_factory=Figures)
    during: Figures = field(default_factory=Figures)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    noted: Counter[str] = field(default_factory=Counter)
    raised: list[str] = field(default_factory=list)
    logged_bytes: int = 0
    seconds: float = 0.0

    def complaints(self) -> list[str]:
        """What is not as it must be, each as a sentence."""
        return [
            *self._late(),
            *self._wrong(),
            *self.not_back(),
            *(f"{what}, {count} times" for what, count in self.noted.items() if what[:3] == "5xx"),
            *self._wordy(),
            *self.raised,
        ]

    def told(self) -> str:
        """What the witnesses measured, and what became of the strangers, in a line."""
        during = self.during
        slowest = {
            "page": during.pages_s, "socket": during.sockets_s,
            "film": during.films_s, "kiosk's move": during.moves_s,
        }  # fmt: skip
        said = [f"edge p95 {quantile(during.edges_s, 0.95):.3f} s of {len(during.edges_s)}"]
        said += [f"slowest {what} {max(v):.2f} s of {len(v)}" for what, v in slowest.items() if v]
        return f"{', '.join(said)}; strangers: {dict(self.noted.most_common(9))}"

    def _late(self) -> list[str]:
        usual_s = quantile(self.without.edges_s, 0.95)
        edge_s = quantile(self.during.edges_s, 0.95)
        found = []
        if not edge_s <= usual_s + LATER_BY_S:
            found.append(f"an edge took {edge_s:.3f} s at p95, {usual_s:.3f} s without the attack")
        during = self.during
        for what, values in (
            ("page", during.pages_s),
            ("new socket", during.sockets_s),
            ("film", during.films_s),
            ("kiosk's move", during.moves_s),
        ):
            if values and max(values) > PAGE_S:
                found.append(f"a {what} took {max(values):.1f} s")
        if self.attack.has_kiosks and not during.moves_s:
            found.append("no kiosk has moved")
        return found

    def _wrong(self) -> list[str]:
        told = Counter(self.without.wrong + self.during.wrong)
        return [f"{what}, {count} times" for what, count in told.most_common(5)]

    def not_back(self) -> list[str]:
        """What is not as it was before."""
        before, after = self.before, self.after
        may_grow = {"descriptors": DESCRIPTORS, "resident KiB": 1024 * self.attack.growth_mib}
        found = [
            f"{name}: {before[name]} before, {after[name]} after"
            for name, more in may_grow.items()
            if after[name] > before[name] + more
        ]
        peak = after[PEAK]
        if peak > before["resident KiB"] + 1024 * PEAK_MIB:
            found.append(f"resident KiB: {before['resident KiB']} before, {peak} meanwhile")
        return found

    def _wordy(self) -> list[str]:
        if self.logged_bytes <= LOG_BYTES + LOG_BYTES_A_SECOND * self.seconds:
            return []
        return [f"{self.logged_bytes} bytes were logged in {self.seconds:.0f} s"]


def try_out(attack: Attack, folder: Path, seconds: float | None = None) -> Result:
    """Attack a bridge of its own, and measure.

    Args:
        attack: which.
        folder: for the exhibit.
        seconds: how long, if not as in the short form.
    """
    with exhibits.serve(attack.server, folder, attack.settings) as exhibit:
        exhibit.warm_up()
        result = asyncio.run(_try_out(attack, exhibit, seconds or attack.seconds))
        result.raised = exhibit.end()
        return result


async def _try_out(attack: Attack, exhibit: Exhibit, seconds: float) -> Result:
    witnesses = Witnesses(exhibit.port, film=attack.needs_film, kiosks=attack.has_kiosks)
    result = Result(attack, seconds=seconds)
    async with witnesses.present():
        result.without = await witnesses.watch(WITHOUT_S)
        result.before = exhibit.usage
        logged_bytes = exhibit.logged_bytes
        attackers = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "attacks.attackers", attack.name, str(exhibit.port), str(seconds)),
            cwd=Path(__file__).parents[1],
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert attackers.stdout is not None
            assert await asyncio.wait_for(attackers.stdout.readline(), 20) == b"going\n"
            # A little less, so that the attack lasts to the end.
            result.during = await witnesses.watch(seconds - 0.5)
            said = await asyncio.wait_for(attackers.stdout.readline(), 20 + seconds)
            result.noted = Counter(json.loads(said))
            await attackers.wait()
        finally:
            if attackers.returncode is None:
                attackers.kill()
                await attackers.wait()
        result.logged_bytes = exhibit.logged_bytes - logged_bytes
        until_s = time.monotonic() + BACK_S
        result.after = exhibit.usage
        while result.not_back() and time.monotonic() < until_s:
            await asyncio.sleep(0.1)
            result.after = exhibit.usage
    return result
