"""Print the oldest versions that pyproject.toml allows, as constraints for pip.

Of what the package itself needs: the test tools and what others bring along are the newest that fit
to that. Used by ``make test-oldest``.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def constraints(requirements: Iterable[str]) -> list[str]:
    """Turn each lower bound into the one version: ``flask>=3.0`` into ``flask==3.0``.

    Args:
        requirements: as PEP 508 writes them.

    Raises:
        ValueError: one has no lower bound.
    """
    oldest = []
    for requirement in requirements:
        wanted, _, marker = requirement.partition(";")
        found = re.fullmatch(r"([\w.-]+)>=([\w.]+)(?:,<[\w.]+)?", wanted.replace(" ", ""))
        if not found:
            raise ValueError(f"{PROJECT.name}: {requirement}: has no lower bound; write one")
        oldest.append(f"{found[1]}=={found[2]}{f' ;{marker}' if marker else ''}")
    return oldest


if __name__ == "__main__":
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    sys.stdout.writelines(f"{line}\n" for line in constraints(project["dependencies"]))
