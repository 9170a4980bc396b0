"""Calls of helm and kubectl as the recording tools noted them, and the phases of the old scripts that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

TOOLS: Final = Path(__file__).parent / "recording"
CONFIRM: Final = "confirm"
PHASES: Final = (
    CONFIRM,
    "preflight",
    "backup",
    "namespace",
    "upgrade",
    "verify",
    "status",
    "access information",
)

# How a call of deploy-stg.sh or deploy-prod.sh begins → its phase. The first that fits counts.
_PHASE_OF: Final = {
    "read": CONFIRM,
    "kubectl cluster-info": "preflight",
    "kubectl config current-context": "preflight",
    "helm lint": "preflight",
    "helm template": "preflight",
    "helm get": "backup",
    "kubectl create namespace": "namespace",
    "kubectl apply -f -": "namespace",
    "kubectl label namespace": "namespace",
    "helm upgrade": "upgrade",
    "kubectl wait": "verify",
    "kubectl rollout status": "verify",
    "helm status": "status",
    "kubectl get": "status",
}
# platformctl's names of the same phases; the others are its own, and may lie between.
_OURS: Final = {
    "namespaces": "namespace",
    "releases": "upgrade",
    "health": "verify",
    "access": "access information",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool, or one question (tool `read`), with all its words."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.words)

    @property
    def verb(self) -> str:
        """`helm upgrade`, `kubectl apply`."""
        return " ".join(self.words[:2])

    def values(self, *options: str) -> list[str]:
        """What stands behind each of these options: `--values FILE`, `--values=FILE`."""
        return list(_values(self.words, options))

    def value(self, *options: str) -> str:
        [value] = self.values(*options)
        return value

    def has(self, word: str) -> bool:
        return word in self.words


@dataclass(frozen=True, slots=True)
class Applied:
    """The essential arguments of `helm template` and `helm upgrade`. `values` are files below the root, lowest first;
    the empty common file of the old scripts is left out."""

    release: str
    chart: str
    namespace: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """A file with one call per line."""

    file: Path

    def calls(self) -> list[Call]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [Call(tuple(line.split("\t"))) for line in lines]

    def take(self) -> list[Call]:
        """What was recorded since the last time."""
        calls = self.calls()
        self.file.unlink(missing_ok=True)
        return calls


def with_verb(calls: Iterable[Call], *verbs: str) -> list[Call]:
    return [call for call in calls if call.verb in verbs]


def upgraded(calls: Iterable[Call]) -> list[str]:
    """The releases that helm was really told to install or upgrade, in order."""
    return [
        _release_and_chart(call)[0] for call in with_verb(calls, "helm upgrade") if not call.has("--dry-run")
    ]


def applied(call: Call, root: Path) -> Applied:
    """A `helm template` or `helm upgrade` of either side, run below `root`."""
    release, chart = _release_and_chart(call)
    files = [(root / file).resolve().relative_to(root.resolve()) for file in call.values("--values")]
    values = tuple(str(file) for file in files if file.name != "common-values.yaml")
    return Applied(release, Path(chart).name, call.value("-n", "--namespace"), values)


def phases(calls: Iterable[Call]) -> list[str]:
    """The phases of one old script, in order, each once per time it came up."""
    return [phase for phase, _ in groupby(_phase(call) for call in calls)]


def phases_of_ours(names: Sequence[str]) -> list[str]:
    """The same of platformctl, from the names of its phases as they began."""
    return [old for name in names if (old := _OURS.get(name, name)) in PHASES]


def _phase(call: Call) -> str:
    if call.verb == "kubectl get" and any("jsonpath" in word for word in call.words):
        return "access information"
    return next(phase for start, phase in _PHASE_OF.items() if f"{call} ".startswith(f"{start} "))


def _values(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    for word, after in zip(words, (*words[1:], ""), strict=True):
        name, equals, value = word.partition("=")
        if name in options:
            yield value if equals else after


def _release_and_chart(call: Call) -> tuple[str, str]:
    """Ours stand at the end, behind `--`; those of the old scripts follow the verb."""
    if call.has("--"):
        release, chart = call.words[-2:]
        return release, chart
    release, chart = [word for word in call.words[2:] if word != "--install"][:2]
    return release, chart
