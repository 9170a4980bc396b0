"""What a command shows, and where: results to stdout, progress and messages to stderr, machine forms on request."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from platformctl.catalog import yaml
from platformctl.catalog.desired import Catalog
from platformctl.cli.header import commit_of, header_of
from platformctl.cli.options import Globals
from platformctl.errors import LocalError, PlatformctlError, UsageError
from platformctl.pipeline import Prepared
from platformctl.plan.data import plan_data
from platformctl.plan.steps import Action
from platformctl.report.board import live_board
from platformctl.report.console import make_consoles, width_of, write
from platformctl.report.dry_run_view import dry_run_lines
from platformctl.report.envelope import envelope, run_data, run_error, written
from platformctl.report.jsonl import jsonl_sink
from platformctl.report.lines import lines_sink
from platformctl.report.plan_view import diff_lines, plan_lines
from platformctl.report.summary import next_commands, summary_lines
from platformctl.report.text import counted, one_line, piece
from platformctl.run.events import Event, Notice, PhaseStarted, Sink
from platformctl.run.preflight import Said
from platformctl.run.result import RunResult

FORMS = ("table", "json", "yaml", "jsonl")


@dataclass(slots=True)
class Screen:
    """The two consoles of one command and the form of its result."""

    command: str
    form: str
    out: Console
    err: Console
    interactive: bool
    quiet: bool
    environ: Mapping[str, str]

    @property
    def for_people(self) -> bool:
        return self.form == "table"

    def warn(self, text: str) -> None:
        """Something to know, on stderr; under GitHub Actions also an annotation."""
        tell(self.err, [piece(f"warning: {one_line(text)}", "yellow")])
        if self.environ.get("GITHUB_ACTIONS") == "true":
            escaped = one_line(text).replace("%", "%25")
            tell(self.err, [piece(f"::warning::{escaped}")])

    def progress(self, text: str) -> None:
        """What takes a while, on stderr."""
        if not self.quiet:
            tell(self.err, [piece(one_line(text), "dim")])

    def plans(self, catalog: Catalog, prepared: Sequence[Prepared]) -> None:
        """What is about to happen, on stderr: the result comes later."""
        commit = commit_of(catalog.root, self.environ)
        for one in prepared:
            shown = plan_lines(one.plan, header_of(catalog, one, commit), width=width_of(self.err))
            tell(self.err, [*shown, Text()])

    def plan_result(self, catalog: Catalog, prepared: Sequence[Prepared], *, diff: bool) -> None:
        """Plans as the result of a command."""
        if not self.for_people:
            changes = any(one.plan.changes for one in prepared)
            self.data(
                "Plan", {"plans": [plan_data(one.plan, lines=diff) for one in prepared]}, changes=changes
            )
            return
        width = width_of(self.out)
        commit = commit_of(catalog.root, self.environ)
        for one in prepared:
            lines = (
                diff_lines(one.plan, width=width)
                if diff
                else plan_lines(one.plan, header_of(catalog, one, commit), width=width)
            )
            tell(self.out, [*lines, Text()])

    def dry_run(
        self,
        catalog: Catalog,
        prepared: Sequence[Prepared],
        said: Said | None,
        error: PlatformctlError | None = None,
    ) -> None:
        """What a dry run found. With an `error` that ends the command, a machine finds it in the error's envelope."""
        identity = prepared[0].plan.identity if prepared else None
        cluster = "none in reach, rendered offline (--dry-run=server insists on one)"
        if identity is not None:
            asked = f"; {said}" if said and str(said) else ""
            cluster = (
                f"{identity.context}, {identity.version}{', the sandbox' if identity.sandbox else ''}{asked}"
            )
        plans = [one.plan for one in prepared]
        if not self.for_people:
            data = {"cluster": cluster, "plans": [plan_data(plan, lines=False) for plan in plans]}
            if error is not None:
                error.data |= data
            else:
                self.data("DryRun", data, changes=any(plan.changes for plan in plans))
            return
        tell(self.out, dry_run_lines(catalog, cluster, plans, width=width_of(self.out)))

    def nothing_to_do(self, prepared: Sequence[Prepared]) -> int:
        """The end of a deploy that has no steps."""
        names = ", ".join(one.scope.name for one in prepared)
        out = sum(len(one.plan.not_rendered) for one in prepared)
        count = sum(len(one.plan.releases) for one in prepared) - out
        left_out = f"; {out} left out (chart not at hand)" if out else ""
        pending = [
            row.name for one in prepared for row in one.plan.releases if row.action is Action.PENDING_UPGRADE
        ]
        if pending:
            count -= len(pending)
            left_out += f"; an upgrade is pending: {', '.join(pending)} (--upgrade-libraries makes it)"
        source = "backup" if any(one.plan.kind == "restore" for one in prepared) else "catalog"
        if self.for_people:
            tell(
                self.out,
                [
                    piece(
                        f"Nothing changed: {counted(count, 'release')} of {names} {'is' if count == 1 else 'are'} as the {source} says{left_out}.",
                        "green",
                    )
                ],
            )
        else:
            self.data(
                "Run",
                {"runs": [], "plans": [plan_data(one.plan, lines=False) for one in prepared]},
                changes=False,
            )
        return 0

    @contextmanager
    def running(self, folder: Path) -> Iterator[Sink]:
        """The sink of a run: board, plain lines or JSON Lines for whoever looks, and the run's own record."""
        descriptor = os.open(folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with ExitStack() as stack:
            record = os.fdopen(descriptor, "a", encoding="utf-8")
            stack.callback(_closed, record)
            sinks = [jsonl_sink(record, _now)]
            if self.form == "jsonl":
                sinks.append(jsonl_sink(sys.stdout, _now))
            elif self.interactive and not self.quiet:
                sinks.append(_after_the_question(stack, self.err))
            elif not self.quiet:
                sinks.append(lines_sink(self.err))

            def emit(event: Event) -> None:
                for sink in sinks:
                    sink(event)

            yield emit

    def results(
        self,
        results: Sequence[RunResult],
        left_out: Sequence[Prepared],
        error: PlatformctlError | None = None,
    ) -> int:
        """The end: one sentence per scope, then only what needs a human. With an `error` that ends the command, a
        machine finds the runs in the error's envelope: there is one per command."""
        worst = next((result for result in results if result.exit_code), None)
        code = worst.exit_code if worst is not None else 0
        if self.for_people:
            plans = [one.plan for one in left_out] if code else []
            tell(self.out, summary_lines(results, width=width_of(self.out), left_out=plans))
            return code
        data = {
            "runs": [{**run_data(result), "plan": plan_data(result.plan, lines=False)} for result in results]
        }
        if error is not None:
            error.data |= data
        else:
            said = None if worst is None else run_error(worst, next_commands(worst))
            self.data("Run", data, changes=False, exit_code=code, error=said)
        return code

    def data(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        changes: bool,
        exit_code: int = 0,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """The envelope on stdout."""
        status = "changes-pending" if changes else "failed" if exit_code else "success"
        content = envelope(self.command, kind, data, status=status, exit_code=exit_code, error=error)
        put(written(content, self.form, yaml.dump))


def tell(console: Console, lines: Iterable[Text]) -> None:
    """Lines for somebody who may have gone (| head): what is being done goes on, with the exit code that is its own."""
    with _reader_may_go():
        write(console, lines)


def put(text: str) -> None:
    """A whole result on stdout, for somebody who may have gone."""
    with _reader_may_go():
        sys.stdout.write(text)


@contextmanager
def _reader_may_go() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        pass
    except OSError as error:
        raise LocalError(f"write the output: {error.strerror}") from None


def _closed(record: TextIO) -> None:
    """Closes the run's record. A full disk does not end a run: what could be written is there."""
    with suppress(OSError):
        record.close()


def _after_the_question(stack: ExitStack, console: Console) -> Sink:
    """The board, which may begin to draw only when the question has been answered."""
    board: list[Sink] = []
    waiting: list[Event] = []

    def sink(event: Event) -> None:
        if board:
            board[0](event)
            return
        waiting.append(event)
        if (isinstance(event, PhaseStarted) and event.phase != "confirm") or isinstance(event, Notice):
            board.append(stack.enter_context(live_board(console)))
            for earlier in waiting:
                board[0](earlier)

    return sink


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def open_screen(globals_: Globals, environ: Mapping[str, str], command: str) -> Screen:
    form = globals_.output or "table"
    if form not in FORMS:
        raise UsageError(f"--output {form}: use {', '.join(FORMS)}")
    out, err, interactive = make_consoles(environ, sys.stdout, sys.stderr, no_color=bool(globals_.no_color))
    return Screen(command, form, out, err, interactive, quiet=bool(globals_.quiet), environ=environ)
