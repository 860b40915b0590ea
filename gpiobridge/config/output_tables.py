"""The outputs of `config.toml`: `[outputs]`, raw tables in, settings out.

An output's kind defines its keys (`output_kinds`); this module reads all outputs. It also checks
what pages say of them. `check` calls it. Any thread.
"""

from collections.abc import Mapping
from typing import Any

from gpiobridge.config.durations import format_duration
from gpiobridge.config.output_kinds import DEFAULT_OUTPUT_KIND, OUTPUT_KINDS, output_kind
from gpiobridge.config.problems import Problems
from gpiobridge.config.settings import Gpio, Output, OutputState, Page, Pin
from gpiobridge.config.words import dotted, missing, show
from gpiobridge.config.written import Written, check_name, read_of_kind


def read_outputs(
    raw_outputs: Mapping[str, object],
    pins: Mapping[str, Pin],
    pin_names: Mapping[str, object],
    gpio: Gpio,
    problems: Problems,
) -> dict[str, Output]:
    """Check every output.

    Args:
        raw_outputs: the section `[outputs]`.
        pins: the pins without a problem, by name.
        pin_names: the section `[pins]`, which also has those with a problem.
        gpio: the section `[gpio]`.
        problems: takes what is wrong.

    Returns:
        The outputs that have all that they need.
    """
    outputs: dict[str, Output] = {}
    read: dict[str, dict[str, Written[Any]]] = {}
    for name, raw in raw_outputs.items():
        key = ("outputs", name)
        check_name(key, problems)
        kind, written = read_of_kind(
            key, raw, "kind", OUTPUT_KINDS, DEFAULT_OUTPUT_KIND, output_kind, problems
        )
        earlier = read.setdefault(kind.output.kind, {})
        kind.check(written, earlier, pins, gpio, problems)
        earlier[name] = written
        _check_states(written, pin_names, problems)
        if (output := kind.settings(name, written.table)) is not None:
            outputs[name] = output
    return outputs


def check_pages(
    pages: Mapping[str, Page],
    outputs: Mapping[str, Output],
    output_names: Mapping[str, object],
    problems: Problems,
) -> None:
    """Check that the outputs that pages name exist, and that pages may set them.

    Also find the lamps of buttons for which no page has a rule, and the pages that nobody follows.

    Args:
        pages: the pages, by name.
        outputs: the outputs without a problem, by name.
        output_names: the section `[outputs]`, which also has those with a problem.
        problems: takes what is wrong.
    """
    for page in pages.values():
        for name, of_page in page.outputs.items():
            place = ("pages", page.name, "outputs", name)
            if name not in output_names:
                problems.add(place, missing("output", name, output_names), of_page.state)
            elif name in outputs and (pin := outputs[name].follows) is not None:
                follows = f"{dotted(('outputs', name, 'follows'))} = {show(pin)}"
                sentence = f"has no meaning with {follows}; leave one of them out"
                problems.add(place, sentence, of_page.state)
            elif of_page.keep and of_page.state is OutputState.PULSE:
                sentence = "a pulse ends by itself, so there is nothing to keep; leave keep out"
                problems.add(place, sentence)
        if page.outputs and not page.client:
            sentence = (
                "they are set only if the page's own script says that it is shown; leave client = "
                "false out, so that the bridge's script says it"
            )
            problems.warn(("pages", page.name, "outputs"), sentence)
    led_by = {pin for page in pages.values() for pin in page.pins}
    for name, output in outputs.items():
        if output.follows not in (None, *led_by):
            sentence = (
                "the lamp is never lit, because no page has a rule for pin "
                f'{show(output.follows)}; add one, such as on_low.{output.follows} = "<next page>"'
            )
            problems.warn(("outputs", name, "follows"), sentence)


def _check_states(
    written: Written[Any], pin_names: Mapping[str, object], problems: Problems
) -> None:
    """Compare the values of an output with each other, and with the names of the pins."""
    table = written.table
    if table.max_on_s is not None:
        max_on = f"{dotted(written.place('max_on'))} = {show(format_duration(table.max_on_s))}"
        for name, state in (
            ("safe", table.safe),
            ("initial", table.initial),
            ("without_display", table.without_display),
            ("closed", table.closed),
        ):
            if state not in (None, OutputState.OFF):
                sentence = f"would be on for longer than {max_on}; leave one of them out"
                problems.add(written.place(name), sentence, state)
        if table.pulse_s is not None and table.pulse_s > table.max_on_s:
            sentence = f"is longer than {max_on}; make it shorter"
            problems.add(written.place("pulse"), sentence, format_duration(table.pulse_s))
    if table.follows is None:
        return
    if table.follows not in pin_names:
        place = written.place("follows")
        problems.add(place, missing("pin", table.follows, pin_names), table.follows)
    follows = f"{dotted(written.place('follows'))} = {show(table.follows)}"
    for name, value in (
        ("initial", table.initial),
        ("without_display", table.without_display),
        ("closed", table.closed),
        ("from_pages", table.from_pages),
    ):
        if value not in (None, False):
            sentence = f"has no meaning with {follows}; leave one of them out"
            problems.add(written.place(name), sentence, value)
