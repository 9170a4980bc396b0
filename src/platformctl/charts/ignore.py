""".helmignore, as helm reads it: what of a folder is not part of the chart.

Source: helm 4.3.1 pkg/ignore: no `**`; a rule without a slash is held against the last part of the path; a rule ending in
a slash is for folders; and an odd one that is helm's: `!rule` drops everything that the rule does not match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

FILE_NAME: Final = ".helmignore"
ALWAYS: Final = "templates/.?*"  # helm adds it


@dataclass(frozen=True, slots=True)
class Rule:
    pattern: re.Pattern[str]
    whole_path: bool
    folders_only: bool
    negated: bool

    def matches(self, path: str) -> bool:
        return self.pattern.fullmatch(path if self.whole_path else path.rpartition("/")[2]) is not None


def rules_of(text: str) -> tuple[Rule, ...]:
    """Raises ValueError, naming the rule that helm would refuse."""
    lines = [line.strip() for line in [*text.removeprefix("\ufeff").splitlines(), ALWAYS]]
    return tuple(_rule(line) for line in lines if line and not line.startswith("#"))


def ignored(path: str, rules: tuple[Rule, ...], *, is_folder: bool) -> bool:
    """Whether helm leaves this path (relative to the chart, with slashes) out; of a folder, with all that is in it."""
    for rule in rules:
        if rule.negated:
            if (rule.folders_only and not is_folder) or not rule.matches(path):
                return True
        elif (is_folder or not rule.folders_only) and rule.matches(path):
            return True
    return False


def _rule(line: str) -> Rule:
    if "**" in line:
        raise ValueError(f"rule {line}: helm has no `**`")
    negated = line.startswith("!")
    glob = line.removeprefix("!")
    folders_only = glob.endswith("/")
    glob = glob.removesuffix("/")
    return Rule(_pattern(glob.removeprefix("/")), "/" in glob, folders_only, negated)


def _pattern(glob: str) -> re.Pattern[str]:
    """Go's filepath.Match: * and ? stop at a slash, [^x] negates, a backslash escapes."""
    try:
        return re.compile(re.sub(r"\\(.)|\[(\^?)([^\]]+)\]|(.)", _translated, glob))
    except re.error as error:
        raise ValueError(f"rule {glob}: {error}") from error


def _translated(part: re.Match[str]) -> str:
    escaped, negation, members, character = part.groups()
    if members:
        return f"[{negation}{members}]"
    if escaped:
        return re.escape(escaped)
    return {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
