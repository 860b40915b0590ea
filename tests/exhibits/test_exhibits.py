"""Every exhibit that is kept does unchanged what it did when it was written."""

import shutil
from pathlib import Path

import pytest
from stage import Stage
from versions import EXHIBITS, VERSIONS, Exhibit

PLAYED = [(exhibit, server) for exhibit in EXHIBITS for server in exhibit.servers]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("exhibit", "server"), PLAYED, ids=[f"{e} {s.split(' ')[0]}".strip() for e, s in PLAYED]
)
def test_an_exhibit(
    exhibit: Exhibit, server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It is played from its first step to its last, unchanged, and its bridge ends well."""
    folder = tmp_path / exhibit.folder.name
    shutil.copytree(exhibit.folder, folder)
    page = request.getfixturevalue("page") if exhibit.story.get("browser") else None
    stage = Stage(exhibit, folder, server, page)
    try:
        for number, step in enumerate(exhibit.steps, 1):
            try:
                stage.play(step)
            except BaseException as error:
                error.add_note(f"step {number} of {exhibit}: {step}")
                if page is not None:
                    error.add_note(f"the page {page.url} shows: {page.inner_text('body')}")
                raise
        stage.end()
    finally:
        stage.ends.close()
        stage.bridge.kill()
        print("".join(stage.bridge.log))


def test_the_first_version_has_six() -> None:
    """One is an application, one has pages without our script; later versions add what is new."""
    first = VERSIONS[0]
    kept = [exhibit for exhibit in EXHIBITS if exhibit.folder.parent == first]
    assert len(kept) >= 6
    assert any((exhibit.folder / "app.py").exists() for exhibit in kept)
    assert any(exhibit.story.get("own_script") for exhibit in kept)


def test_a_version_keeps_its_script() -> None:
    """Each folder has the client.js of its version."""
    assert [version.name for version in VERSIONS if not (version / "client.js").exists()] == []
