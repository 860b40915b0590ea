"""The check of the configuration."""

from collections.abc import Iterator

from gpiobridge.doctor.findings import Finding, ok, warning
from gpiobridge.doctor.patient import Patient
from gpiobridge.system import invocation


def configuration(patient: Patient) -> Iterator[Finding]:
    """Check that the configuration can be used, and report its warnings."""
    settings = patient.settings
    counts = (
        f"{len(table)} {word}{'' if len(table) == 1 else 's'}"
        for table, word in ((settings.pins, "pin"), (settings.pages, "page"))
    )
    yield ok(
        "configuration",
        f"{settings.source} is fine: {', '.join(counts)}; all templates found",
    )
    if settings.example_because:
        reason, _, remedy = settings.example_because.partition("; ")
        yield warning("configuration", f"this is the packaged example, because {reason}", remedy)
    for sentence in settings.warnings:
        yield warning("configuration", sentence, f"`{invocation.command('check')}` shows all rules")
