"""Checks of templates that need no rendering: their syntax, and the files and endpoints they name.

Only literal names are checked: a name that a template computes is known when it is rendered. Reads
the files in `templates/`, and looks for those in `static/`. Imports nothing of the project except
`problems`, `words` and `template_parts`; any thread; at start.
"""

from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from gpiobridge.config.problems import Problems
from gpiobridge.config.template_parts import Link, Mark, Need, Parsed, parse
from gpiobridge.config.words import Key, listed, nearest, show

_STATIC = "static"
_OURS = ("start", "favicon", _STATIC)  # endpoints next to those of pages (see `serve.standalone`)
_PAGE = "page_"


class Finding(NamedTuple):
    """Something that is wrong in a template.

    Args:
        sentence: the file, the line, what is wrong, and the remedy.
        certain: whether it surely keeps the page from being shown.
    """

    sentence: str
    certain: bool = True


class Templates:
    """The templates of an exhibit, each read once.

    Args:
        folder: the folder that holds `templates/` and `static/`.
        pages: the names of all pages.
        pins: the names of all pins.
        views: the pages that a Flask view serves. If there are any, endpoints and static files
            belong to an application, and the names in its templates can't be checked here.
    """

    def __init__(
        self,
        folder: Path,
        pages: Collection[str],
        pins: Collection[str],
        views: Collection[str],
    ) -> None:
        self.views = views
        self._base = folder / "templates"
        self._static = folder / _STATIC
        self._pages = None if views else pages
        self._pins = pins
        self._read: dict[str, Parsed] = {}
        self._told: set[Finding] = set()

    def check_page(
        self, key: Key, template: str, problems: Problems, *, by_name: bool = False
    ) -> None:
        """Check the template of a page, and all templates that it is made of.

        Args:
            key: the place that problems name.
            template: the name of the template.
            problems: takes what is wrong. A problem in a template of many pages is reported with
                the first of them.
            by_name: whether the name stands at the key and is shown.
        """
        shown = (template,) if by_name else ()
        problem = self._problem(template)
        if problem is not None:
            problems.add(key, problem, *shown)
            return
        for finding in self._findings(template):
            if finding in self._told:
                continue
            self._told.add(finding)
            if finding.certain:
                problems.add(key, finding.sentence, *shown)
            else:
                problems.warn(key, finding.sentence)

    def _problem(self, template: str) -> str | None:
        """Say why a template can't be taken, if it can't."""
        # A Windows path knows the separators and absolute forms of both worlds.
        path = PureWindowsPath(template)
        if not path.parts or path.anchor or ".." in path.parts:
            return 'must be a file in templates/; write it like "welcome.html"'
        if any(ord(sign) < ord(" ") for sign in template):
            # "pages\\new.html" has a line break in it.
            sentence = "has a control character, which a backslash in double quotes makes; "
            return f'{sentence}write "/" between folders'
        if "\\" in template:
            return f"must have slashes between folders; write {show(path.as_posix())}"
        return self._template(template).problem

    def _template(self, name: str) -> Parsed:
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> Parsed:
        # As Jinja reads a name (`jinja2.loaders.split_template_path`): it may begin with a slash,
        # and never leaves templates/.
        parts = name.split("/")
        if ".." in parts:
            return Parsed(f"there is no templates/{name}; write a name without ..", missing=True)
        try:
            text = self._base.joinpath(*filter(None, parts)).read_text(encoding="utf-8")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            close = _nearest_file(name, self._files())
            other = (
                f"write template = {show(close)}" if close else "name another file with template"
            )
            return Parsed(f"there is no templates/{name}; create it, or {other}", missing=True)
        except UnicodeDecodeError:
            return Parsed(f"templates/{name} is not UTF-8 text; save it as UTF-8")
        except (OSError, ValueError) as error:  # a name with a zero byte, too
            reason = getattr(error, "strerror", None) or error
            return Parsed(f"templates/{name} can't be read ({reason}); change that")
        return parse(name, text)

    def _files(self) -> list[str]:
        base = self._base
        return sorted(f.relative_to(base).as_posix() for f in base.rglob("*") if f.is_file())

    def _findings(self, template: str) -> list[Finding]:
        """Find what is wrong in a template, and in those that it is made of."""
        found: dict[Finding, None] = {}
        waiting = deque([_Visit(template)])
        seen: set[_Visit] = set()
        while waiting:
            visit = waiting.popleft()
            if visit in seen:
                continue
            seen.add(visit)
            read = self._template(visit.name)
            if read.problem is not None:
                found.setdefault(Finding(read.problem, visit.certain))
                continue
            for need in filter(visit.reaches, read.needs):
                step = self._step(visit, read, need)
                if isinstance(step, _Visit):
                    waiting.append(step)
                elif step is not None:
                    found.setdefault(step)
            for wrong in (*self._wrong_links(visit, read), *self._wrong_marks(visit, read)):
                found.setdefault(wrong)
        return list(found)

    def _step(self, visit: "_Visit", read: Parsed, need: Need) -> "_Visit | Finding | None":
        """Go on to a template that is needed, or say what is wrong with its name."""
        place = f"templates/{visit.name}, line {need.place.line}"
        certain = visit.certain and need.place.certain and read.renders(need)
        there = next((each for each in need.names if not self._is_missing(each)), None)
        if there is None:
            if need.kind == "ignored":
                return None
            return Finding(f"{place}: {self._nowhere(need)}", certain)
        if need.kind != "extends":
            return _Visit(there, certain)
        children = (*visit.children, visit.name)
        if there in children:
            way = " extends ".join((*children, there))
            return Finding(f"{place}: {way}, without end; leave one of them out", certain)
        over = visit.overridden | (read.blocks if not read.calls_super else set())
        return _Visit(there, certain, children, over)

    def _wrong_links(self, visit: "_Visit", read: Parsed) -> Iterator[Finding]:
        """Find what is wrong with the addresses that a template asks for, if it can be known."""
        if self._pages is None:
            return
        for link in filter(visit.reaches, read.links):
            if finding := self._wrong_link(link, self._pages):
                sentence = f"templates/{visit.name}, line {link.place.line}: {finding.sentence}"
                certain = visit.certain and link.place.certain and read.renders(link)
                yield Finding(sentence, certain and finding.certain)

    def _wrong_marks(self, visit: "_Visit", read: Parsed) -> Iterator[Finding]:
        """Find the elements of a template that show a pin which doesn't exist."""
        for mark in filter(visit.reaches, read.marks):
            if mark.pin in self._pins:
                continue
            close = nearest(mark.pin, self._pins)
            remedy = f"did you mean {show(close)}?" if close else f"pins: {', '.join(self._pins)}"
            place = f"templates/{visit.name}, line {mark.place.line}"
            sentence = f"{place}: data-pin={show(mark.pin)} names no pin; {remedy}"
            yield Finding(sentence, certain=False)

    def _is_missing(self, name: str) -> bool:
        return self._template(name).missing

    def _nowhere(self, need: Need) -> str:
        """Say that a template is missing that another one needs."""
        names = listed(need.names)
        close = _nearest_file(need.names[0], self._files())
        remedy = f"did you mean {show(close)}?" if close else "create it there, or correct the name"
        verb = {"extends": "extends", "include": "includes"}.get(need.kind, "imports")
        return f"{verb} {names}, which is not in templates/; {remedy}"

    def _wrong_link(self, link: Link, pages: Collection[str]) -> Finding | None:
        """Say what is wrong with a `url_for`, if anything is."""
        called = f"url_for('{link.endpoint}')"
        if link.endpoint == _STATIC:
            return self._wrong_file(link)
        if link.endpoint.startswith((".", "gpiobridge.")) or link.endpoint in _OURS:
            return None  # the bridge's own routes
        known = [_PAGE + page for page in pages]
        if link.endpoint in known:
            return None
        if link.endpoint in pages:
            remedy = f"for a page write url_for('{_PAGE}{link.endpoint}'), or its path, "
            return Finding(f"{called}: no endpoint of this name; {remedy}/{link.endpoint}")
        close = nearest(link.endpoint, [*known, _STATIC])
        remedy = (
            f"did you mean '{close}'?"
            if close
            else f"pages are '{_PAGE}<name>', files url_for('static', filename='<file>')"
        )
        return Finding(f"{called}: no endpoint of this name; {remedy}")

    def _wrong_file(self, link: Link) -> Finding | None:
        called = "url_for('static')"
        if "filename" not in link.arguments:
            if link.spread:
                return None
            return Finding(f"{called} names no file; write url_for('static', filename='<file>')")
        name = link.arguments["filename"]
        if name is None:
            return None
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            sentence = f"{called} names '{name}', which is not in static/; write its path there"
            return Finding(sentence, certain=False)
        # A folder is right, too: a script may add the names of files to it.
        if (self._static / name).exists():
            return None
        base = self._static
        files = [f.relative_to(base).as_posix() for f in base.rglob("*") if f.is_file()]
        close = _nearest_file(name, sorted(files))
        remedy = f"did you mean '{close}'?" if close else "put it there, or correct the name"
        return Finding(f"there is no static/{name}; {remedy}", certain=False)


class _Visit(NamedTuple):
    """A template that is checked as part of a page.

    Args:
        name: the template.
        certain: whether the page always uses it.
        children: the templates that extend it, the page's own first.
        overridden: the blocks that they replace.
    """

    name: str
    certain: bool = True
    children: tuple[str, ...] = ()
    overridden: frozenset[str] = frozenset()

    def reaches(self, what: Need | Link | Mark) -> bool:
        """Whether something in it can be rendered at all."""
        return not what.place.blocks & self.overridden


def _nearest_file(name: str, files: Collection[str]) -> str | None:
    """Find the file that was probably meant: in another folder, or with a similar name."""
    path = PurePosixPath(name)
    for file in files:
        if PurePosixPath(file).stem.casefold() == path.stem.casefold():
            return file
    # Without the ending and the folder, which make strangers look alike.
    alike = {PurePosixPath(f).stem: f for f in files if f.endswith(path.suffix)}
    close = nearest(path.stem, alike)
    return alike[close] if close else None
