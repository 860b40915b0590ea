"""Readers of single values: what each takes, and what it says of anything else."""

import pytest

from gpiobridge.config.values import Choice, Flag, PartsError, Target, Targets, Text, Texts, Whole
from gpiobridge.core.events import Level


@pytest.mark.parametrize(
    ("reader", "value", "reason"),
    [
        (Text(), 3, "must be text in quotes"),
        (Flag(), 1, "must be true or false, without quotes; write true"),
        (Flag(), "maybe", "must be true or false, without quotes"),
        (Whole(1, 9), True, "must be a whole number, without quotes"),
        (Whole(1, 9), 3.0, "must be a whole number, without quotes; write 3"),
        (Whole(1, 9), " 3 ", "must be a whole number, without quotes; write 3"),
        (Whole(1, 9), 0, "must be at least 1"),
        (Whole(1, 9), 10, "must be at most 9"),
        (Choice(("low", "high"), Level), "hihg", 'must be "low" or "high"; did you mean "high"?'),
        (Choice(("low", "high"), Level), ["low"], 'must be "low" or "high"'),
        (Choice(("a",), str, {"b": "is old; write a"}), "b", "is old; write a"),
        (Texts(str, "a.org"), "a.org", 'must be a list, such as ["a.org"]'),
        (Targets("on_low"), "open", 'must name the pin, too; write on_low.<pin> = "<next page>"'),
    ],
)
def test_a_wrong_value_gets_a_reason(reader: object, value: object, reason: str) -> None:
    """Nothing is converted in silence."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  -- the reason is compared
        reader(value)  # type: ignore[operator]
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("reader", "value", "made"),
    [
        (Whole(1), 10**30, 10**30),
        (Choice(("low", "high"), Level), "low", Level.LOW),
        (Texts(str.lower, "a.org"), ["A.org", "b"], ("a.org", "b")),
        (Targets("on_low"), {"a": "open", "b": False}, {"a": Target("open"), "b": False}),
    ],
)
def test_a_right_value_is_made_what_settings_have(
    reader: object, value: object, made: object
) -> None:
    """Enumerations, tuples and seconds."""
    assert reader(value) == made  # type: ignore[operator]


def test_wrong_rules_do_not_hide_the_right_ones() -> None:
    """Each wrong one is named, and the others are still checked further."""
    with pytest.raises(PartsError) as caught:
        Targets("on_low")({"a": 3, "b": "open", "c": True})
    assert [(part.key, part.value) for part in caught.value.parts] == [(("a",), 3), (("c",), True)]
    assert caught.value.right == {"b": Target("open")}
