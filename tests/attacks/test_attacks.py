"""Each attack, in its short form, beside a good display and a visitor: see `attacks.catalogue`."""

from pathlib import Path

import pytest

from attacks.catalogue import ATTACKS, Attack
from attacks.conftest import RESULTS
from attacks.trial import try_out


@pytest.mark.timeout(120)
@pytest.mark.parametrize("attack", ATTACKS, ids=[f"row {it.row}, {it.name}" for it in ATTACKS])
def test_nobody_stops_the_exhibit(attack: Attack, tmp_path: Path) -> None:
    """Edges and pages come in time; memory and descriptors are back afterwards (rows 1 to 8)."""
    result = try_out(attack, tmp_path)
    RESULTS.append(result)
    complaints = result.complaints()
    assert not complaints, "\n".join([*complaints, f"the attackers: {dict(result.noted)}"])
