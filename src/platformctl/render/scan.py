"""What a chart's templates ask about, found in their text: no helm is started.

    API versions    .Capabilities.APIVersions.Has "x", has "x" .Capabilities.APIVersions
    Kubernetes      .Capabilities.KubeVersion
    randomness      functions that answer differently every time, and lookup, which templates use to keep such an answer

An API version that is not written out where it is asked for ($apiVersion, a helper, a value) may be any of those that
stand somewhere in the chart: all text that looks like one counts. Only where it is put together from parts
(printf "%s/%s") every API version of the cluster counts. What the chart itself brings as a CustomResourceDefinition is
no question to the cluster: it is there at the second run and not at the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from platformctl.charts import archive
from platformctl.charts.models import ChartAt
from platformctl.render.manifests import apis_of_documents

# Sources: Helm's function list, and Sprig's (random, uuid, crypto, date).
RANDOM: Final = frozenset(
    {
        "randAlphaNum", "randAlpha", "randNumeric", "randAscii", "randBytes", "randInt", "shuffle", "uuidv4",
        "genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert",
        "genSignedCertWithKey", "htpasswd", "bcrypt", "encryptAES", "derivePassword", "now", "ago", "lookup",
    }
)  # fmt: skip
CLOCK: Final = frozenset({"now", "ago"})

_ACTION: Final = re.compile(r"\{\{-?(?!-?\s*/\*)(.*?)-?\}\}", re.DOTALL)
_TEXT: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`')
_WORD: Final = re.compile(r"(?<![.$\w])[a-zA-Z][a-zA-Z0-9]*")
_API: Final = r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?v\d+(?:(?:alpha|beta)\d+)?(?:/[A-Z][A-Za-z]*)?"
_API_TEXT: Final = re.compile(rf"(?<![\w./-]){_API}(?![\w./-])")
_QUOTED: Final = rf'(?:"({_API})"|`({_API})`)'
_HAS: Final = re.compile(
    rf"APIVersions\.Has\s+\(?\s*{_QUOTED}|\bhas\s+{_QUOTED}\s+\(?\s*[$.\w]*\bAPIVersions\b(?!\.)"
)
_NAMED: Final = re.compile(r"\bAPIVersions\b")
_BUILT: Final = re.compile(r"APIVersions\.Has\s+\(\s*(?:printf|print|cat|join|list)\b")
_KUBE_VERSION: Final = re.compile(r"\bKubeVersion\b")
_CHART_KUBE_VERSION: Final = re.compile(r"\.Chart\.KubeVersion\b")
_CRD: Final = re.compile(r"^kind:\s*[\"']?CustomResourceDefinition\b", re.MULTILINE)
_GROUP: Final = re.compile(r"^  group:\s*[\"']?([a-z0-9][-a-z0-9.]*)", re.MULTILINE)
_TEMPLATE: Final = re.compile(r"(^|/)templates/.+\.(ya?ml|tpl|txt|json)$")
_CRDS: Final = re.compile(r"(^|/)crds/.+\.(ya?ml|json)$")


@dataclass(frozen=True, slots=True)
class Scan:
    """`apis` are asked for one by one; `every_api` when that cannot be told. `brings` are the API versions of crds/,
    which helm installs first; `own_groups` the groups of everything that the chart defines."""

    apis: frozenset[str] = frozenset()
    every_api: bool = False
    kube_version: bool = False
    functions: frozenset[str] = frozenset()  # those of RANDOM
    brings: frozenset[str] = frozenset()
    own_groups: frozenset[str] = frozenset()
    tpl: bool = False  # values are templates too

    @property
    def random(self) -> bool:
        return bool(self.functions)


@dataclass(frozen=True, slots=True)
class Scans:
    """Scans of charts, by digest: each chart is read once. For several threads."""

    _done: dict[str, Scan] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, chart: ChartAt) -> Scan:
        with self._lock:
            found = self._done.get(chart.digest)
            if found is None:
                found = self._done[chart.digest] = scan_files(dict(archive.files(chart.path)))
            return found


def scan_files(files: Mapping[str, bytes]) -> Scan:
    """The scan of a chart and all charts inside it. Paths as `archive.files` gives them."""
    texts = {path: content.decode("utf-8", "replace") for path, content in files.items()}
    templates = [text for path, text in texts.items() if _TEMPLATE.search(path) and not _CRDS.match(path)]
    # Default values are templates as well where a chart calls tpl on them; their prose is not.
    defaults = [text for path, text in texts.items() if path.rpartition("/")[2] == "values.yaml"]
    actions = list(_actions(templates))
    tpl = any("tpl" in _words(action) for action in actions)
    defined = [text for text in templates if _CRD.search(text)]
    asking = [text for text in templates if not _CRD.search(text)]
    scan = _scan([*actions, *_actions(defaults)] if tpl else actions, [*asking, *defaults])
    crds = [text for path, text in texts.items() if _CRDS.search(path) and "/templates/" not in f"/{path}"]
    brings = frozenset(api for text in crds for api in apis_of_documents(text))
    groups = {group for text in defined for group in _GROUP.findall(text)} | {
        api.split("/")[0] for api in brings
    }
    return Scan(
        apis=scan.apis,
        every_api=scan.every_api,
        kube_version=scan.kube_version,
        functions=scan.functions,
        brings=brings,
        own_groups=frozenset(groups),
        tpl=tpl,
    )


def scan_values(values: Mapping[str, Any]) -> Scan:
    """What the values of a release ask, for a chart that uses them as templates."""
    texts = [text for text in _strings(values) if "{{" in text]
    return _scan(list(_actions(texts)), texts)


def together(chart: Scan, values: Scan) -> Scan:
    """The scan of a chart with its values."""
    return Scan(
        apis=chart.apis | values.apis,
        every_api=chart.every_api or values.every_api,
        kube_version=chart.kube_version or values.kube_version,
        functions=chart.functions | values.functions,
        brings=chart.brings,
        own_groups=chart.own_groups,
        tpl=chart.tpl,
    )


def _scan(actions: list[str], texts: list[str]) -> Scan:
    asking = [action for action in actions if "APIVersions" in action]
    written = {next(filter(None, match)) for action in asking for match in _HAS.findall(action)}
    elsewhere = any(len(_NAMED.findall(action)) > len(_HAS.findall(action)) for action in asking)
    anywhere = {api for text in texts for api in _API_TEXT.findall(text)} if elsewhere else set()
    return Scan(
        apis=frozenset(written | anywhere),
        every_api=any(_BUILT.search(action) for action in asking) or (elsewhere and not anywhere),
        kube_version=any(_KUBE_VERSION.search(_CHART_KUBE_VERSION.sub("", action)) for action in actions),
        functions=frozenset(word for action in actions for word in _words(action) if word in RANDOM),
    )


def _actions(texts: list[str]) -> Iterator[str]:
    return (match[1] for text in texts if "{{" in text for match in _ACTION.finditer(text))


def _words(action: str) -> set[str]:
    """The function names and keywords of an action, without what stands in quotes."""
    return set(_WORD.findall(_TEXT.sub('""', action)))


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _strings(item)
        case list() | tuple():
            for item in value:
                yield from _strings(item)
