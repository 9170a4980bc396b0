"""Measures the figures that the project promises and prints them as one table.

    python3 benchmarks/figures.py [--runs 7] [--no-demo] [--tests]

Whole processes, started as an operator starts them, each figure the median of several runs; on a sandbox of its own,
with the stand-in charts, so that neither network nor a cluster has a part in it. Needs what scripts/demo needs, and
nothing else; Linux only, because memory is read from /proc. The exit code is 0 whatever the figures are: a busy
machine is no defect. With the tools built, it takes about three minutes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SAMPLE_S: Final = 0.01
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `limit` and `values` are in `unit`; the row shows the median beside the least and the most."""

    name: str
    unit: str
    limit: float | None
    values: tuple[float, ...]
    note: str = ""

    def row(self) -> tuple[str, str, str, str, str]:
        median = statistics.median(self.values)
        spread = f"{min(self.values):.4g} to {max(self.values):.4g}, {len(self.values)} runs"
        verdict = "" if self.limit is None else "ok" if median <= self.limit else "OVER"
        limit = "" if self.limit is None else f"≤ {self.limit:g} {self.unit}"
        return (
            self.name,
            f"{median:.4g} {self.unit}",
            limit,
            verdict,
            f"{spread}{self.note and '; '}{self.note}",
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """Peaks of one process and of all that descends from it (the sum at one moment), in bytes."""

    own_bytes: int
    children_bytes: int


@dataclass(frozen=True, slots=True)
class Bench:
    """How platformctl is started: the interpreter of its environment, and the variables."""

    python: Path
    environ: dict[str, str]
    runs: int

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python), "-P", "-m", "platformctl", *arguments]

    def run(self, *arguments: str, argv: list[str] | None = None) -> float:
        """Wall time in seconds. Ends this program, with the output, when the command fails."""
        began = time.monotonic()
        done = subprocess.run(
            argv or self.command(*arguments),
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        took_s = time.monotonic() - began
        if done.returncode != 0:
            sys.exit(f"{' '.join(argv or arguments)} ended with {done.returncode}:\n{done.stdout.decode()}")
        return took_s

    def memory(self, *arguments: str) -> Memory:
        """Starts platformctl and watches its memory until it ends."""
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            own = children = 0
            while process.poll() is None:
                own = max(own, status_bytes(process.pid, "VmHWM"))
                children = max(children, sum(status_bytes(pid, "VmRSS") for pid in descendants(process.pid)))
                time.sleep(SAMPLE_S)
            if process.returncode != 0:
                output.seek(0)
                sys.exit(f"{' '.join(arguments)} ended with {process.returncode}:\n{output.read().decode()}")
        return Memory(own, children)


def status_bytes(pid: int, key: str) -> int:
    """A size out of /proc/PID/status; 0 once the process is gone. VmHWM is the kernel's own high-water mark."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:")), 0)


def descendants(pid: int) -> Iterator[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return
    for child in children:
        yield child
        yield from descendants(child)


def startup(bench: Bench) -> list[Figure]:
    found = []
    for option, limit_ms in (("--version", 60), ("--help", 300)):
        bench.run(option)  # fills the caches of Python and of the disk
        times = tuple(bench.run(option) * 1000 for _ in range(bench.runs * 2))
        found.append(Figure(option, "ms", limit_ms, times))
    return found


def sandbox_starts(bench: Bench) -> list[Figure]:
    up, down = [], []
    for _ in range(bench.runs):
        up.append(bench.run("sandbox", "up"))
        down.append(bench.run("sandbox", "down"))
    return [
        Figure("sandbox up, warm", "s", 5, tuple(up), "until all components are Ready"),
        Figure("sandbox down", "s", None, tuple(down)),
    ]


def whole_platform(bench: Bench) -> list[Figure]:
    """Deploys everything on a sandbox, then plans it again and again: nothing changes any more."""
    bench.run("sandbox", "up")
    try:
        deployed = bench.memory("--sandbox", "all", "stg", "--yes")
        bench.run("--sandbox", "deploy", "prod", "--confirm", "prod")
        bench.run("--sandbox", "plan", "--detailed-exitcode")  # fails when anything would still change
        plans = tuple(bench.run("--sandbox", "plan") for _ in range(bench.runs))
        planned = bench.memory("--sandbox", "plan")
    finally:
        bench.run("sandbox", "down")
    return [
        Figure("plan of the whole unchanged platform", "s", 1.5, plans),
        *memory_rows("plan", planned),
        *memory_rows("all stg, first deployment", deployed),
    ]


def memory_rows(name: str, memory: Memory) -> list[Figure]:
    return [
        Figure(f"peak memory of {name}", "MiB", 150, (memory.own_bytes / MIB,), "platformctl's own process"),
        Figure(
            "    its children beside it",
            "MiB",
            None,
            (memory.children_bytes / MIB,),
            "helm and kubectl, together",
        ),
    ]


def demo(bench: Bench) -> list[Figure]:
    return [
        Figure("scripts/demo after the first build", "s", 90, (bench.run(argv=[str(ROOT / "scripts/demo")]),))
    ]


def tests(bench: Bench) -> list[Figure]:
    minutes = bench.run(argv=[str(ROOT / "scripts/test")]) / 60
    return [Figure("scripts/test with a warm cache", "min", 10, (minutes,))]


def table(figures: list[Figure]) -> str:
    rows = [("figure", "median", "promised", "", "spread"), *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


@contextmanager
def prepared(runs: int) -> Iterator[Bench]:
    """An environment with the tools built, the stand-in charts, and folders of its own for state and sandbox."""
    library = f"source {ROOT}/scripts/lib.sh && prepare && run_platformctl sandbox build >&2 && echo $VENV/bin/python $CACHE"
    python, cache = subprocess.run(
        ["bash", "-c", library], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PLATFORMCTL_", "KUBECONFIG"))
    }
    with tempfile.TemporaryDirectory(prefix="platformctl-figures-") as scratch:
        paths = {"XDG_STATE_HOME": f"{scratch}/state", "XDG_RUNTIME_DIR": f"{scratch}/run"}
        for path in paths.values():
            Path(path).mkdir(mode=0o700)
        environ = (
            kept | paths | {"PYTHONPATH": f"{ROOT}/src:{ROOT}", "XDG_CACHE_HOME": str(Path(cache).parent)}
        )
        bench = Bench(Path(python), environ, runs)
        mirror = f"{scratch}/charts"
        bench.run(argv=[python, "-m", "tests.charts.package", mirror])
        yield Bench(bench.python, environ | {"PLATFORMCTL_CHART_MIRROR": mirror}, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--runs", type=int, default=7, help="how often each quick figure is measured (default 7)"
    )
    parser.add_argument("--no-demo", action="store_true", help="leave out scripts/demo, about a minute")
    parser.add_argument("--tests", action="store_true", help="also time scripts/test, up to ten minutes")
    asked = parser.parse_args()
    parts: list[Callable[[Bench], list[Figure]]] = [startup, sandbox_starts, whole_platform]
    parts += [] if asked.no_demo else [demo]
    parts += [tests] if asked.tests else []
    figures: list[Figure] = []
    with prepared(asked.runs) as bench:
        for part in parts:
            print(f"measuring: {part.__name__.replace('_', ' ')}", file=sys.stderr)
            figures += part(bench)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    print(table(figures))


if __name__ == "__main__":
    main()
