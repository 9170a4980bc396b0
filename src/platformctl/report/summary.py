"""The end of a command: what failed with its evidence, one sentence per scope, and the next thing to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from platformctl.catalog.durations import short
from platformctl.plan.steps import Plan
from platformctl.report.text import labelled, line, listed, one_line, piece, wrapped
from platformctl.run.result import NOT_BEGUN, RunResult, Status, StepOutcome

EVIDENCE_SHOWN = 12


def summary_lines(
    results: Sequence[RunResult], *, width: int | None, left_out: Sequence[Plan] = ()
) -> list[Text]:
    """`left_out` are plans that were not begun because an earlier one did not end well."""
    found: list[Text] = []
    for result in results:
        for step in result.failed:
            found += _failure(result, step, width)
        found += _not_verified(result, width)
        found += _not_begun(result, width)
        found += _stopped(result, width)
        found += _sentence(result, width)
        if result.status.good and result.access:
            found += labelled(
                [(piece("open", "dim"), one_line(address)) for address in result.access], width=width
            )
    found += [line(f"{plan.scope} was not begun.", indent=2) for plan in left_out]
    last = results[-1] if results else None
    if last is not None and not last.status.good:
        found += labelled(
            [
                (piece("" if at else "Next:", "bold"), command)
                for at, command in enumerate(next_commands(last))
            ],
            width=width,
        )
    return found


def next_commands(result: RunResult) -> list[str]:
    """What helps, most likely first."""
    plan = result.plan
    again = f"platformctl deploy {plan.scope}"
    match result.status:
        case Status.OK | Status.SKIPPED:
            return []
        case Status.INTERRUPTED if plan.kind == "rollback":
            return [f"platformctl status {plan.scope}   says where it stands"]
        case Status.INTERRUPTED:
            return [f"{again}   goes on where this stopped"]
        case Status.TIMED_OUT:
            return [f"platformctl status {plan.scope}   says whether it came up after all"]
        case _:
            ways = [f"mend the cause, then  {again}"]
            for step in result.failed:
                row = next((row for row in plan.releases if row.key == step.key), None)
                if row is not None and row.revision and row.action.writes:
                    ways.append(
                        f"or go back:  platformctl rollback {plan.scope} {row.key} --to {row.revision}"
                    )
            return list(dict.fromkeys(ways))


def _failure(result: RunResult, step: StepOutcome, width: int | None) -> Iterator[Text]:
    name = next((row.name for row in result.plan.releases if row.key == step.key), "") or step.what
    head = line(
        piece("✗ ", "bold red"),
        piece(f"{name}: ", "bold"),
        piece(one_line(step.detail) or f"{step.what} failed"),
        piece(f"   after {short(step.seconds)}", "dim"),
        indent=2,
    )
    yield from wrapped(head, width, hang=4)
    doing = [("while", step.what)] if not step.detail.startswith(step.what) else []
    evidence = [
        ("evidence" if at == 0 else "", text) for at, text in enumerate(step.evidence[:EVIDENCE_SHOWN])
    ]
    if len(step.evidence) > EVIDENCE_SHOWN:
        evidence.append(("", f"… and {len(step.evidence) - EVIDENCE_SHOWN} more lines"))
    yield from labelled(
        [(piece(label, "dim"), one_line(text)) for label, text in (*doing, *evidence)], width=width, indent=4
    )


def _not_verified(result: RunResult, width: int | None) -> Iterator[Text]:
    """A phase that could not be carried out, when nothing else says why the run did not end well."""
    if result.failed or result.status is not Status.FAILED:
        return
    for phase in result.phases:
        if phase.status is Status.FAILED:
            text = line(
                piece("✗ ", "bold red"), piece(f"{phase.name}: ", "bold"), one_line(phase.detail), indent=2
            )
            yield from wrapped(text, width, hang=4)


def _not_begun(result: RunResult, width: int | None) -> Iterator[Text]:
    """Releases, not steps, with what they waited for."""
    names = {row.key: row.name for row in result.plan.releases}
    by_id = {step.step: step for step in result.steps}
    begun = {step.key for step in result.steps if step.status is not Status.ABORTED}
    waiting: dict[str, list[str]] = {}
    for step in result.steps:
        if step.status is Status.ABORTED and step.key not in begun and step.cause is not None:
            cause = by_id.get(step.cause)
            on = names.get(cause.key, cause.what) if cause is not None else str(step.cause)
            waiting.setdefault(on, []).append(names.get(step.key, step.what))
    for on, found in waiting.items():
        who = list(dict.fromkeys(found))
        need = "needs" if len(who) == 1 else "need"
        text = line(piece("○ ", "yellow"), f"not begun: {listed(who)}, which {need} {on}", indent=2)
        yield from wrapped(text, width, hang=4)


def _stopped(result: RunResult, width: int | None) -> Iterator[Text]:
    """Where a stop found each release, and those that it kept from beginning."""
    names = {row.key: row.name for row in result.plan.releases}
    stopped = [step for step in result.steps if step.status is Status.INTERRUPTED]
    for step in stopped:
        if step.detail != NOT_BEGUN:
            who = names.get(step.key, step.what)
            text = line(piece("○ ", "yellow"), piece(f"{who}: ", "bold"), one_line(step.detail), indent=2)
            yield from wrapped(text, width, hang=4)
    begun = {
        step.key for step in result.steps if step.status is not Status.ABORTED and step.detail != NOT_BEGUN
    }
    waiting = [names[step.key] for step in stopped if step.key in names and step.key not in begun]
    if waiting:
        text = line(piece("○ ", "yellow"), f"not begun: {listed(list(dict.fromkeys(waiting)))}", indent=2)
        yield from wrapped(text, width, hang=4)


def _sentence(result: RunResult, width: int | None) -> list[Text]:
    style = "bold green" if result.status.good else "bold red"
    tail = f"   {short(result.seconds)}" if result.status.good else f" (exit {result.exit_code})"
    return wrapped(line(piece(one_line(result.sentence), style), piece(tail), indent=2), width, hang=2)
