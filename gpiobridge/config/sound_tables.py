"""The sounds of `config.toml`: `[sounds]`, raw tables in, settings out.

Owns the names of sounds, and what must be true of their files. `check` calls it. Looks at the files
in `static/`, and reads none. Any thread; at start.
"""

from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from gpiobridge.config.hidden import is_hidden
from gpiobridge.config.problems import Problems
from gpiobridge.config.rules import Rule, RulesOfPages
from gpiobridge.config.settings import Page, Sound
from gpiobridge.config.tables import RulesTable, SoundTable
from gpiobridge.config.words import Key, missing, nearest, show
from gpiobridge.config.written import check_name

KINDS = (".wav", ".ogg", ".oga", ".opus", ".flac", ".mp3", ".m4a")
"""The endings of files that browsers play."""

MAX_BYTES = 8 * 1024 * 1024
"""The largest file: a browser keeps all sounds decoded, as ten times as much."""

_PADDED = (".mp3", ".m4a")  # these begin and end with a little silence that isn't the sound's
_FOLDER = "static"


def read_sounds(
    raw: Mapping[str, object], folder: Path | None, problems: Problems
) -> dict[str, Sound]:
    """Check every sound.

    Args:
        raw: the section `[sounds]`.
        folder: the folder that holds `static/`; None if the files are not looked for.
        problems: takes what is wrong.

    Returns:
        The sounds that have all that they need.
    """
    sounds: dict[str, Sound] = {}
    for name, body in raw.items():
        key = ("sounds", name)
        check_name(key, problems, is_header=True)
        if not isinstance(body, Mapping):
            example = f'[sounds.{name}] and below it file = "static/{name}.wav"'
            problems.add(key, f"must be a section; write {example}", body)
            continue
        table = problems.read(SoundTable, body, key, Sound)
        if table.file is None:
            if "file" not in body:
                problems.add(key, f'has no file; write file = "static/{name}.wav" below it')
            continue
        place = (*key, "file")
        if (problem := _problem(folder, table.file)) is not None:
            problems.add(place, problem, table.file)
            continue
        if table.loop and table.file.lower().endswith(_PADDED):
            problems.warn(
                place,
                "such a file has a little silence at its ends, which is heard each time it begins "
                "again; use .ogg, .flac or .wav for a sound with loop = true",
            )
        sounds[name] = Sound(name=name, **table.given())
    return sounds


def _problem(folder: Path | None, file: str) -> str | None:
    """Say what is wrong with a file, if anything is."""
    path = PureWindowsPath(file)
    if "\\" in file:
        return f"must have slashes between folders; write {show(path.as_posix())}"
    parts = PurePosixPath(file).parts
    if path.anchor or ".." in parts or len(parts) < 2 or parts[0] != _FOLDER:
        name = path.name or "rain.ogg"
        return f"must be a file in static/; write it like {show(f'{_FOLDER}/{name}')}"
    if is_hidden(file):
        return "is hidden, and hidden files are not served; rename it"
    if path.suffix.lower() not in KINDS:
        return f"is no sound that browsers play; convert it, and write one of {', '.join(KINDS)}"
    if folder is None:
        return None
    try:
        there = folder / file
        size = there.stat().st_size if there.is_file() else None
    except (OSError, ValueError) as error:  # a name with a zero byte, too
        reason = getattr(error, "strerror", None) or error
        return f"can't be read ({reason}); change that"
    if size is None:
        close = nearest(file, _sounds_in(folder))
        remedy = f"did you mean {show(close)}?" if close else "put it there, or correct the name"
        return f"there is no such file; {remedy}"
    if size == 0:
        return "is empty; put a sound there"
    if size > MAX_BYTES:
        most = MAX_BYTES // 1024**2
        return (
            f"has {size / 1024**2:.1f} MiB; use one of at most {most} MiB, and an <audio> "
            "element in the page for what is longer"
        )
    return None


def _sounds_in(folder: Path) -> list[str]:
    files = (folder / _FOLDER).rglob("*")
    return sorted(
        file.relative_to(folder).as_posix() for file in files if file.suffix.lower() in KINDS
    )


def sounds_of(table: RulesTable, every: RulesTable) -> tuple[str, ...]:
    """List the sounds of a page: its own, and those of every page that it doesn't take out."""
    merged = {**(every.sound or {}), **(table.sound or {})}
    return tuple(name for name, plays in merged.items() if plays)


def check_sound(
    key: Key,
    table: RulesTable,
    every: RulesTable,
    sounds: Collection[str],
    problems: Problems,
) -> None:
    """Check that the sounds exist which a page or `[every_page]` names.

    Args:
        key: its place.
        table: its table.
        every: the section `[every_page]`.
        sounds: the names of all sounds.
        problems: takes what is wrong.
    """
    shared = every.sound or {}
    for name, plays in (table.sound or {}).items():
        place = (*key, "sound", name)
        if name not in sounds:
            problems.add(place, missing("sound", name, sounds), plays)
        elif not plays and (table is every or not shared.get(name)):
            problems.warn(
                place, "takes nothing out, because [every_page] has no such sound; leave it out"
            )


def warn_of_sounds(
    sounds: Mapping[str, Sound],
    pages: Mapping[str, Page],
    rules: RulesOfPages,
    problems: Problems,
    *,
    by_application: bool,
) -> None:
    """Warn of sounds that nothing plays, and of those that nothing ends.

    Args:
        sounds: the sounds, by name.
        pages: the pages, by name.
        rules: the rules of all pages.
        problems: takes the warnings.
        by_application: whether an application may play them.
    """
    of_pages = {name for page in pages.values() for name in page.sound}
    written: list[Rule] = list(rules.shared.values())
    for own in rules.own.values():
        written += own.values()
    by_rule = {rule.sound: rule for rule in reversed(written) if rule.sound is not None}
    for name, sound in sounds.items():
        if name not in of_pages and name not in by_rule:
            if by_application:
                continue
            problems.warn(
                ("sounds", name),
                "no page and no rule plays it, only the API can; write "
                f"sound.{name} = true below a page, or leave it out",
            )
        elif sound.loop and name not in of_pages:
            problems.warn(
                (*by_rule[name].key, "sound"),
                f"{name} repeats without end, and no page ends it; write loop = false, or "
                f"sound.{name} = true below the page that it belongs to",
            )
