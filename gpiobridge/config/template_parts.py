"""A template's text in, the names in it out: other templates, addresses, and pins.

Jinja reads it; nothing is rendered. Pure; imports nothing of the project; any thread.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jinja2 import nodes


# An attribute `data-pin` of a tag, with a name that a pin can have.
_DATA_PIN = re.compile(
    r"""<[a-z][^<>]*?\sdata-pin\s*=\s*(["']?)(?P<pin>[a-z0-9_-]{1,32})\1(?=[\s/>])""", re.I
)
# How Jinja's messages begin that show that a tag or a filter was meant.
_MEANT_FOR_JINJA = ("Encountered unknown tag", "Unexpected end of template", "No filter", "No test")
_COMMENT = re.compile(r"<!--.*?-->", re.S)


class Place(NamedTuple):
    """Where something stands in a template.

    Args:
        line: its line.
        blocks: the names of the blocks around it.
        certain: whether it is always reached when they are rendered: no condition is around it.
    """

    line: int
    blocks: frozenset[str]
    certain: bool


class Need(NamedTuple):
    """Another template that a template is made of.

    Args:
        kind: "extends", "include", "import", or "ignored" if a missing one does no harm.
        names: its possible names; the first one that exists is taken.
        place: where it is named.
    """

    kind: str
    names: tuple[str, ...]
    place: Place


class Link(NamedTuple):
    """A `url_for` with a literal endpoint.

    Args:
        endpoint: the endpoint.
        arguments: its keyword arguments; None for a value that is computed.
        spread: whether there may be more of them, by `**`.
        place: where it stands.
    """

    endpoint: str
    arguments: Mapping[str, str | None]
    spread: bool
    place: Place


class Mark(NamedTuple):
    """An element that shows a pin: it has the attribute `data-pin` with a literal name.

    Args:
        pin: The name of the pin.
        place: Where it stands.
    """

    pin: str
    place: Place


class Parsed(NamedTuple):
    """What was read of a template.

    Args:
        problem: why it can't be rendered at all.
        missing: whether that is because it doesn't exist.
        needs: the templates that it is made of.
        links: the addresses that it asks for.
        marks: the elements that show a pin.
        blocks: the blocks that it has.
        child: whether it extends another template.
        calls_super: whether it shows a block of that template within its own block.
    """

    problem: str | None = None
    missing: bool = False
    needs: tuple[Need, ...] = ()
    links: tuple[Link, ...] = ()
    marks: tuple[Mark, ...] = ()
    blocks: frozenset[str] = frozenset()
    child: bool = False
    calls_super: bool = False

    def renders(self, what: Need | Link | Mark) -> bool:
        """Whether something is rendered; a child renders nothing outside its blocks."""
        imported = isinstance(what, Need) and what.kind in ("extends", "import")
        return imported or not self.child or bool(what.place.blocks)


def parse(name: str, text: str) -> Parsed:
    """Read a template.

    Args:
        name: its name, for sentences.
        text: its text.
    """
    from jinja2 import Environment, TemplateSyntaxError, nodes  # late: not all have templates

    environment = Environment()
    try:
        tree = environment.parse(text)
        environment.compile(text)  # knows the filters and tests, too
    except TemplateSyntaxError as error:
        reason = with_remedy(error.message or "")
        return Parsed(f"templates/{name}, line {error.lineno}: {reason}")
    except RecursionError:
        return Parsed(f"templates/{name} is nested too deeply to be read; make it simpler")
    needs: list[Need] = []
    links: list[Link] = []
    marks: list[Mark] = []
    for node, place in _walk(tree):
        if need := _need(node, place):
            needs.append(need)
        elif link := _link(node, place):
            links.append(link)
        elif isinstance(node, nodes.TemplateData):
            marks += _marks(node.data, place)
    return Parsed(
        needs=tuple(sorted(needs, key=lambda need: need.place.line)),
        links=tuple(sorted(links, key=lambda link: link.place.line)),
        marks=tuple(sorted(marks, key=lambda mark: mark.place.line)),
        blocks=frozenset(block.name for block in tree.find_all(nodes.Block)),
        child=next(tree.find_all(nodes.Extends), None) is not None,
        calls_super=any(called.name == "super" for called in tree.find_all(nodes.Name)),
    )


def with_remedy(message: str) -> str:
    """Add the remedy to Jinja's message of a wrong syntax.

    Many pages are plain HTML. Their CSS and scripts may have signs that Jinja takes for its own.
    """
    reason = message.rstrip(".")
    if reason.startswith(_MEANT_FOR_JINJA):
        return f"{reason}; correct it there"
    remedy = "if {{, {% or {# is only text, put a space between its two signs"
    return f"{reason}; correct it there, or, {remedy}"


def _walk(tree: "nodes.Template") -> Iterator[tuple["nodes.Node", Place]]:
    """Walk over a template's nodes, each with its place."""
    from jinja2 import nodes

    # What is in them may be skipped, or never called.
    perhaps = (
        nodes.If, nodes.For, nodes.Macro, nodes.CallBlock, nodes.CondExpr, nodes.And, nodes.Or,
    )  # fmt: skip
    waiting: deque[tuple[nodes.Node, frozenset[str], bool]] = deque([(tree, frozenset(), True)])
    while waiting:
        node, blocks, certain = waiting.popleft()
        yield node, Place(node.lineno, blocks, certain)
        if isinstance(node, nodes.Block):
            blocks |= {node.name}
        certain = certain and not isinstance(node, perhaps)
        waiting += [(each, blocks, certain) for each in node.iter_child_nodes()]


def _marks(text: str, place: Place) -> Iterator[Mark]:
    """Find the elements in a piece of HTML that show a pin; comments show nothing."""
    text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for found in _DATA_PIN.finditer(text):
        line = place.line + text.count("\n", 0, found.start("pin"))
        yield Mark(found["pin"], place._replace(line=line))


def _need(node: "nodes.Node", place: Place) -> Need | None:
    """Read a need of another template, if a node is one with a literal name."""
    from jinja2 import nodes

    if isinstance(node, nodes.Extends):
        kind = "extends"
    elif isinstance(node, nodes.Include):
        kind = "ignored" if node.ignore_missing else "include"
    elif isinstance(node, nodes.Import | nodes.FromImport):
        kind = "import"
    else:
        return None
    names = _literal(node.template)
    return Need(kind, names, place) if names else None


def _literal(node: "nodes.Expr") -> tuple[str, ...]:
    """Read a literal name, or a literal list of names; anything else gives none."""
    from jinja2 import nodes

    try:
        value = node.as_const()
    except nodes.Impossible:
        return ()
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return ()
    return tuple(names)


def _link(node: "nodes.Node", place: Place) -> Link | None:
    """Read a call of ``url_for``, if a node is one with a literal endpoint."""
    from jinja2 import nodes

    if not (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name)):
        return None
    if node.node.name != "url_for" or not node.args:
        return None
    endpoint = node.args[0]
    if not (isinstance(endpoint, nodes.Const) and isinstance(endpoint.value, str)):
        return None
    arguments: dict[str, str | None] = {}
    for keyword in node.kwargs:
        names = _literal(keyword.value)
        arguments[keyword.key] = names[0] if len(names) == 1 else None
    spread = node.dyn_kwargs is not None or node.dyn_args is not None
    return Link(endpoint.value, arguments, spread, place)
