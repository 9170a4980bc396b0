"""The work behind `platformctl backup` and `platformctl restore`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from platformctl.backup import archive as backups
from platformctl.backup.models import HOLDS, Archive
from platformctl.backup.pipe import encrypted, piped
from platformctl.catalog.models import LIBRARIES
from platformctl.catalog.select import find_scope
from platformctl.cli import confirm as question
from platformctl.cli.desk import Desk, at_desk
from platformctl.cli.options import Globals
from platformctl.cli.screen import tell
from platformctl.cli.work import (
    Asked,
    ask_name,
    carry_out_all,
    dry_run,
    line_of,
    question_of,
    refuse,
    request_of,
)
from platformctl.errors import UsageError
from platformctl.pipeline import look, prepare_restore, take_backup
from platformctl.report.text import counted, piece
from platformctl.tools.process import Runner

Pipe = Callable[[Runner, Mapping[str, str], str, bytes], bytes]


def backup(
    globals_: Globals, target: str, *, include_secrets: bool, encrypt_with: str | None, keep: int
) -> int:
    """Writes a backup of one scope and reads it back. A dry run reads everything and writes nothing."""
    with at_desk(globals_, "backup") as desk:
        catalog = desk.catalog()
        scope = find_scope(catalog, target)
        line = line_of(desk, catalog, [request_of(desk, catalog, Asked(target))], offline_is_fine=False)
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        taken = take_backup(
            line, scope, look(line), run_id=run_id, who=desk.who, include_secrets=include_secrets
        )
        if desk.dry_run:
            return _say(desk, taken, f"would hold {_content(taken)}; nothing was written", {})
        encrypt = _through(desk, encrypt_with, encrypted) if encrypt_with is not None else None
        written = backups.write(line.backups, taken, keep=keep, encrypt=encrypt)
        how = "encrypted" if encrypt else f"{written.files} files"
        data = {
            "path": str(written.path),
            "sizeBytes": written.size_bytes,
            "encrypted": encrypt is not None,
            "removed": list(written.removed),
        }
        gone = f"; {counted(len(written.removed), 'older one')} removed" if written.removed else ""
        said = f"{_content(taken)}, {how}, read back: {written.path}{gone}"
        return _say(desk, taken, said, data)


def restore(
    globals_: Globals,
    target: str,
    from_: str | None,
    *,
    decrypt_with: str | None,
    confirm: str | None,
    skip_backup: str | None,
) -> int:
    """Plan, confirmation, and the phases of every run, from a backup that was checked as a whole."""
    with at_desk(globals_, "restore") as desk:
        catalog = desk.catalog()
        scope = find_scope(catalog, target)
        root = desk.backups(catalog)
        if from_ is None:
            there = backups.ids(root, scope.name)
            known = f"there are {', '.join(there[:5])}" if there else f"there is none in {root / scope.name}"
            raise UsageError(
                f"restore {scope.name}: from which backup? {known}",
                hint=f"platformctl restore {scope.name} --from ID",
            )
        if scope.protected and scope.name != LIBRARIES and not desk.dry_run:
            question.require_answerable(scope.name, confirm, able_to_ask=desk.able_to_ask)
        decrypt = _through(desk, decrypt_with, _decrypted) if decrypt_with is not None else None
        archive = backups.read(root, scope.name, from_, decrypt=decrypt)
        request = request_of(desk, catalog, Asked(target))
        line = line_of(desk, catalog, [request], offline_is_fine=False)
        prepared = prepare_restore(line, request, archive)
        if desk.dry_run:
            return dry_run(desk, line, [prepared])
        desk.screen.plans(catalog, [prepared])
        refuse(desk, line, [prepared])
        if prepared.plan.empty:
            return desk.screen.nothing_to_do([prepared])
        name = question_of(catalog, [prepared])

        def ask() -> None:
            if name is not None:
                ask_name(desk, name, confirm)()
                return
            question.yes_or_no(
                f"Restore {scope.name} from backup {archive.backup.id}?",
                desk.globals.yes,
                able_to_ask=desk.able_to_ask,
                ask=question.ask_on_terminal,
            )

        return carry_out_all(desk, line, [prepared], ask, skip_backup=skip_backup)


def _through(desk: Desk, command: str, how: Pipe) -> Callable[[bytes], bytes]:
    return lambda content: how(desk.runner, desk.environ, command, content)


def _decrypted(runner: Runner, environ: Mapping[str, str], command: str, content: bytes) -> bytes:
    return piped(runner, environ, command, content, doing="decrypt the backup")


def _content(archive: Archive) -> str:
    head = archive.backup
    parts = [
        counted(len(head.releases), "release"),
        counted(sum(release.objects for release in head.releases), "live object"),
    ]
    parts += [counted(len(head.secrets), "Secret")] if head.secrets else []
    return ", ".join(parts)


def _say(desk: Desk, archive: Archive, said: str, more: dict[str, object]) -> int:
    head = archive.backup
    if desk.screen.for_people:
        tell(
            desk.screen.out,
            [piece(f"Backup {head.id} of {head.scope}: {said}", "green"), piece(f"It holds {HOLDS}.")],
        )
        return 0
    releases = [
        {"release": each.key, "name": each.id.name, "namespace": each.id.namespace, "revision": each.revision}
        for each in head.releases
    ]
    data = {
        "id": head.id,
        "scope": head.scope,
        "holds": HOLDS,
        "releases": releases,
        "secrets": len(head.secrets),
    }
    desk.screen.data("Backup", {**data, **more}, changes=False)
    return 0
