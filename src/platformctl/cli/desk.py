"""Everything a command needs on its desk: screen, catalog, charts, and a session with tools and cluster.

Opened once per command and closed at its end, whatever happens: proxy, private kubeconfig, a sandbox of our own.
"""

from __future__ import annotations

import getpass
import logging
import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from platformctl.catalog import yaml
from platformctl.catalog.desired import Catalog, Scope
from platformctl.catalog.durations import seconds
from platformctl.catalog.load import find_catalog, load
from platformctl.charts.models import Match
from platformctl.charts.store import ChartStore, open_store
from platformctl.cli import confirm, signals
from platformctl.cli.folders import cache_folder, private, state_folder
from platformctl.cli.options import Globals
from platformctl.cli.reach import Found, Reach, offline, reach_cluster, reach_sandbox
from platformctl.cli.screen import Screen, open_screen
from platformctl.cli.settings import from_files
from platformctl.errors import UsageError
from platformctl.run.events import Sink
from platformctl.run.stop import Stop
from platformctl.sandbox import api as sandbox_api
from platformctl.session import Session
from platformctl.tools.process import Runner, ShRunner
from platformctl.tools.proxy import sweep

PRIVATE: Final = "platformctl-run-"


@dataclass(slots=True)
class Desk:
    """What is open during one command."""

    globals: Globals
    environ: Mapping[str, str]
    stack: ExitStack
    screen: Screen
    stop: Stop
    armed: signals.Armed
    runner: Runner

    @property
    def dry_run(self) -> bool:
        return bool(self.globals.dry_run)

    @property
    def timeout_s(self) -> float | None:
        return duration_of("--timeout", self.globals.timeout)

    @property
    def able_to_ask(self) -> bool:
        return confirm.can_ask(self.environ, self.globals.no_input)

    @property
    def who(self) -> str:
        """Who asks for the run: the CI's user where there is one, else user@host."""
        for variable in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID"):
            if self.environ.get(variable):
                return f"{self.environ[variable]} ({variable.partition('_')[0].lower()})"
        with suppress(OSError, KeyError):
            return f"{getpass.getuser()}@{socket.gethostname()}"
        return f"uid {os.getuid()}"

    def catalog(self) -> Catalog:
        return load(find_catalog(Path.cwd(), self.globals.file))

    def session(self, catalog: Catalog, scopes: Sequence[Scope], *, offline_is_fine: bool) -> Session:
        """Tools and, as far as the options allow, a cluster. `offline_is_fine`: the command has something to say
        without one (a dry run, a plan)."""
        mode = self.globals.dry_run_mode or "auto"
        reach, box = self.reach(), sandbox_api.find_assets(self.environ)
        if offline_is_fine and mode == "client":
            found = offline(reach, box)
        elif self.globals.sandbox:
            found = reach_sandbox(reach, catalog, self.screen.progress)
        else:
            found = reach_cluster(
                reach,
                box,
                kubeconfig=Path(self.globals.kubeconfig).expanduser() if self.globals.kubeconfig else None,
                context=self.globals.context,
                scopes=scopes,
                may_be_offline=offline_is_fine and mode == "auto",
            )
        return self._session(found, sandbox=bool(self.globals.sandbox) and found.cluster is not None)

    def tools_only(self) -> Session:
        """For commands that have nothing to do with a cluster."""
        return self._session(offline(self.reach(), sandbox_api.find_assets(self.environ)), sandbox=False)

    def reach(self) -> Reach:
        """A private folder for a kubeconfig is made here; those of commands that were killed go away."""
        sweep(Path(tempfile.gettempdir()), PRIVATE)
        folder = Path(tempfile.mkdtemp(prefix=f"{PRIVATE}{os.getpid()}-"))  # 0700
        self.stack.callback(self._clear, folder)
        return Reach(self.runner, self.environ, self.stack, folder, self.screen.warn)

    def _clear(self, folder: Path) -> None:
        """A helm that we leave at work reads its kubeconfig until its end; the next command sweeps then."""
        if not self.stop.abandoned.is_set():
            shutil.rmtree(folder, ignore_errors=True)

    def _session(self, found: Found, *, sandbox: bool) -> Session:
        return Session(
            runner=self.runner,
            environ=self.environ,
            helm=found.helm,
            cluster=found.cluster,
            sandbox=sandbox,
            is_sandbox=lambda token: sandbox_api.is_sandbox(token, self.environ),
            cache=private(cache_folder()),
            runs=private(state_folder() / "runs"),
            parallel=self.globals.parallel or os.cpu_count() or 2,
        )

    def charts(self, catalog: Catalog, session: Session) -> ChartStore:
        """Where charts come from: the catalog's sources, or the mirror that replaces them."""
        return open_store(
            catalog.platform,
            root=catalog.root,
            lock_file=catalog.file.parent / "charts.lock",
            cache=session.cache / "charts",
            helm=session.helm,
            environ=self.environ,
            parse=lambda content, name: yaml.parse(content, name, yaml.VALUES).checked(),
            mirror=self.globals.chart_mirror,
            match=Match(self.globals.chart_mirror_match or Match.EXACT),
        )

    def backups(self, catalog: Catalog) -> Path:
        """The folder of all backups: that of --backup-dir, else the repository's own."""
        given = self.globals.backup_dir
        return Path(given).expanduser().absolute() if given else catalog.root / "backups"

    @contextmanager
    def deadline(self) -> Iterator[None]:
        """--deadline: asks the run to stop when the time is over."""
        limit_s = duration_of("--deadline", self.globals.deadline)
        if limit_s is None:
            yield
            return
        timer = threading.Timer(limit_s, self.stop.request)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @contextmanager
    def run_shown(self, runs: Path) -> Iterator[tuple[str, Sink]]:
        """A run's id and its sink: the screen, and the events of the run in its folder."""
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        folder = private(runs / run_id)
        with self.screen.running(folder) as emit:
            yield run_id, emit


def duration_of(option: str, text: str | None) -> float | None:
    """Seconds of a Go duration. Raises UsageError that says what to write."""
    if text is None:
        return None
    try:
        length_s = seconds(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
    if length_s <= 0:
        raise UsageError(f"{option} {text}: nothing is done in no time", hint=f"{option} 10m")
    return length_s


def check_options(globals_: Globals) -> None:
    """Values of the global options that no command can work with, found before anything is looked at. Raises UsageError."""
    duration_of("--timeout", globals_.timeout)
    duration_of("--deadline", globals_.deadline)
    if globals_.parallel is not None and globals_.parallel < 1:
        raise UsageError(f"--parallel {globals_.parallel}: at least one release at a time")
    for option, value, known in (
        ("--dry-run-mode", globals_.dry_run_mode, ("auto", "client", "server")),
        ("--chart-mirror-match", globals_.chart_mirror_match, tuple(Match)),
    ):
        if value is not None and value not in known:
            raise UsageError(f"{option} {value}: use {', '.join(known[:-1])} or {known[-1]}")
    if globals_.chart_mirror_match == Match.NEAREST and not globals_.sandbox:
        raise UsageError("--chart-mirror-match nearest: only together with --sandbox")


def _log_to_file() -> None:
    """Tracebacks of what went wrong inside a step are for us: into a file, never onto the terminal."""
    log = logging.getLogger("platformctl")
    if not log.handlers:
        handler = logging.FileHandler(
            private(state_folder()) / "platformctl.log", delay=True, encoding="utf-8"
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        log.addHandler(handler)
        log.propagate = False


@contextmanager
def at_desk(globals_: Globals, command: str) -> Iterator[Desk]:
    """Opens a desk, and clears it away whatever happens."""
    environ = dict(os.environ)
    globals_ = globals_.over(from_files(Path.cwd()))
    check_options(globals_)
    stop = Stop()
    _log_to_file()
    with ExitStack() as stack:
        screen = open_screen(globals_, environ, command)
        armed = stack.enter_context(signals.handled(stop))
        runner = ShRunner()
        try:
            yield Desk(globals_, environ, stack, screen, stop, armed, runner)
        except signals.SignalledError:
            runner.end()  # renders and downloads in other threads, which the process would wait for
            raise
