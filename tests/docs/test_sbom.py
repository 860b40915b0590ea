"""The list of a release's parts, which `make sbom` lays beside the wheel."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(200)
def test_a_release_lists_its_parts() -> None:
    """CycloneDX, checked by the tool's own schema: each dependency with its version and purl."""
    subprocess.run(["make", "sbom"], cwd=ROOT, check=True, capture_output=True, timeout=180)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (found,) = (ROOT / "dist").glob(f"gpiobridge-{project['version']}.cdx.json")
    text = found.read_text("utf-8")
    told = json.loads(text)
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["serialNumber"].startswith("urn:uuid:")
    assert told["metadata"]["timestamp"]
    release = told["metadata"]["component"]
    assert (release["name"], release["version"]) == ("gpiobridge", project["version"])
    parts = {part["name"].lower().replace("_", "-"): part for part in told["components"]}
    for part in parts.values():
        assert (
            part["purl"] == f"pkg:pypi/{part['name'].lower().replace('_', '-')}@{part['version']}"
        )
    # What only another system needs is not installed here.
    here = [line for line in project["dependencies"] if "sys_platform" not in line]
    wanted = {re.match(r"[\w-]+", line)[0] for line in here}  # type: ignore[index]
    # What those bring along is there, too; what only developers need, and pip, is not.
    assert parts.keys() > wanted | {"markupsafe", "itsdangerous"}
    assert not parts.keys() & {"gpiobridge", "pip", "pytest", "ruff", "cyclonedx-bom"}
    assert str(ROOT) not in text
    assert "file:" not in text
