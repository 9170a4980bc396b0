"""The other platform (tests/catalogs/other) as a folder to be changed, and a terminal to type into. For the tests here."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pexpect

from tests.catalogs import PLACEHOLDER, copy_of_other
from tests.charts.package import package
from tests.e2e.conftest import Cli

PACKAGES: Final = Path(__file__).parents[1] / "catalogs" / "other" / "packages"
CATALOG: Final = "environments/platform.yaml"
SHOP: Final = "environments/apps/shop.yaml"
WORKER: Final = "environments/apps/worker.yaml"
ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass(frozen=True, slots=True)
class Shop:
    """A platform with the environments dev and live, in a folder of its own."""

    root: Path

    def edit(self, file: str, old: str, new: str) -> None:
        """Replaces text that must be there."""
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1))

    def append(self, file: str, text: str | bytes) -> None:
        path = self.root / file
        path.write_bytes(path.read_bytes() + (text if isinstance(text, bytes) else text.encode()))

    def play(self, name: str, chart: str = "shop") -> None:
        """The pods of a chart get the part that the sandbox is to play: never-ready, crash-loop, …"""
        template = f"charts/{chart}/templates/deployment.yaml"
        start = "    metadata:\n      labels: *labels\n"
        self.edit(template, start, f"{start}      annotations: {{platformctl.dev/play: {name}}}\n")

    def pin(self, uid: str) -> None:
        """What `clusters` and `cluster` are for: both environments on one cluster that is known by its uid."""
        self.append(CATALOG, f"\nclusters: {{main: {{identity: {uid}}}}}\n")
        self.edit(CATALOG, "    onFailure: keep\n", "    onFailure: keep\n    cluster: main\n")
        self.edit(CATALOG, "    protected: true\n", "    protected: true\n    cluster: main\n")

    def files(self) -> dict[str, bytes]:
        """Everything in it, to see that nothing was changed."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


def shop(into: Path, *, repository: str = PLACEHOLDER) -> Shop:
    """The whole other platform, with its library from the chart repository at that address."""
    copy_of_other(into, repository)
    (into / ".git").mkdir()  # marks the root; not a repository
    return Shop(into)


def small_shop(into: Path) -> Shop:
    """Without the library: nothing to download, and everything deploys at once."""
    small = shop(into)
    small.edit(WORKER, "    needs: [queue]\n", "")
    small.edit(SHOP, "needs: [worker, queue]", "needs: [worker]")
    catalog = small.root / CATALOG
    catalog.write_text(catalog.read_text().partition("libraries:")[0])
    return small


def queue_chart(out: Path) -> bytes:
    """The library's chart, packaged."""
    return package(PACKAGES / "queue", out).file.read_bytes()


def terminal(
    cli: Cli, *argv: str, out: Path | None = None, columns: int = 80, **env: str
) -> pexpect.spawn[str]:
    """One command on a terminal. With `out` its stdout is that file, and stdin and stderr are the terminal."""
    command = [sys.executable, "-m", "platformctl", *argv]
    if out is not None:
        command = ["/bin/sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", str(out), *command]
    return pexpect.spawn(
        command[0],
        command[1:],
        cwd=str(cli.cwd),
        env={**cli.env, "TERM": "xterm-256color", **env},
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=30,
    )


def ended(child: pexpect.spawn[str], timeout_s: float = 30) -> tuple[int, str]:
    """(exit code, the rest of what it showed), once it has ended."""
    child.expect(pexpect.EOF, timeout=timeout_s)
    child.close()
    shown = str(child.before or "")
    assert "Traceback" not in shown, shown
    assert child.exitstatus is not None, f"ended by signal {child.signalstatus}"
    return child.exitstatus, shown


def plain(shown: str) -> str:
    """What a terminal shows, without what moves and colours it."""
    return ESCAPE.sub("", shown).replace("\r\n", "\n")
