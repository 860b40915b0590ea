"""The doctor's findings, and the report of them for people and for programs. Pure."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"  # it works, but perhaps not as intended
    FAILURE = "failure"  # it can't work like this
    SKIPPED = "skipped"  # there was nothing to check here


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        check: what was checked, in a word or two.
        verdict: the result.
        sentence: what was found.
        remedy: what to do about it; empty if there is nothing to do.
    """

    check: str
    verdict: Verdict
    sentence: str
    remedy: str = ""


def ok(check: str, sentence: str) -> Finding:
    """Make the finding that everything is fine."""
    return Finding(check, Verdict.OK, sentence)


def warning(check: str, sentence: str, remedy: str) -> Finding:
    """Make the finding that something may not be as intended."""
    return Finding(check, Verdict.WARNING, sentence, remedy)


def failure(check: str, sentence: str, remedy: str) -> Finding:
    """Make the finding that something can't work."""
    return Finding(check, Verdict.FAILURE, sentence, remedy)


def skipped(check: str, sentence: str) -> Finding:
    """Make the finding that there was nothing to check, and why."""
    return Finding(check, Verdict.SKIPPED, sentence)


_WORDS = {Verdict.FAILURE: "FAILURE", Verdict.SKIPPED: "-"}  # the others are printed as they are


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one run.

    Args:
        findings: the findings, in the order of the checks.
        config_wrong: whether the configuration can't be used at all.
    """

    findings: Sequence[Finding]
    config_wrong: bool = False

    @property
    def verdict(self) -> Verdict:
        """The worst of all verdicts; skipped checks don't count."""
        found = {finding.verdict for finding in self.findings}
        return next((v for v in (Verdict.FAILURE, Verdict.WARNING) if v in found), Verdict.OK)

    @property
    def exit_code(self) -> int:
        """2 if the configuration is wrong, 1 if something can't work, else 0."""
        if self.config_wrong:
            return 2
        return 1 if self.verdict is Verdict.FAILURE else 0

    def as_json(self) -> str:
        """Return the report for programs."""
        findings = [asdict(finding) for finding in self.findings]
        return json.dumps({"verdict": self.verdict, "findings": findings}, indent=2)

    def as_text(self, paint: Callable[[Verdict, str], str] = lambda _, word: word) -> str:
        """Return the report for people: a line for each finding, and its remedy below it.

        Args:
            paint: adds colour to a verdict's word.
        """
        words = {verdict: _WORDS.get(verdict, verdict.value) for verdict in Verdict}
        wide = max(map(len, words.values()))
        column = max((len(finding.check) for finding in self.findings), default=0)
        lines = []
        for finding in self.findings:
            word = paint(finding.verdict, words[finding.verdict].ljust(wide))
            lines.append(f"{word}  {finding.check.ljust(column)}  {finding.sentence}")
            if finding.remedy:
                lines.append(f"{'':{wide + column + 4}}-> {finding.remedy}")
        return "\n".join([*lines, "", self._summary()])

    def _summary(self) -> str:
        counts = Counter(finding.verdict for finding in self.findings)
        told = [
            f"{count} {verdict}{'s' if count > 1 else ''}"
            for verdict in (Verdict.FAILURE, Verdict.WARNING)
            if (count := counts[verdict])
        ]
        return " and ".join(told) if told else "All is well."
