"""Encryption by a command of the user's: no shell, and something must come out that is not what went in."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from platformctl.backup.archive import ENCRYPTED, ids, read, write
from platformctl.backup.pipe import encrypted, piped
from platformctl.errors import LocalError, PlatformctlError, UsageError
from platformctl.tools.process import ShRunner
from tests.support.backups import archive, saved, secret

ONE = archive(saved("web"), secrets=[secret("loose")])
ROT = "tr \\\\000-\\\\377 \\\\200-\\\\377\\\\000-\\\\177"  # every byte moved by 128; twice is as before


def through(command: str, content: bytes) -> bytes:
    return encrypted(ShRunner(), os.environ, command, content)


def test_only_what_comes_out_is_kept_and_it_comes_back(tmp_path: Path) -> None:
    written = write(tmp_path, ONE, encrypt=partial(through, ROT))
    assert written.path.name == ONE.backup.id + ENCRYPTED
    assert [path.name for path in (tmp_path / "stg").iterdir()] == [written.path.name]
    assert written.path.stat().st_mode & 0o777 == 0o600
    assert b"web-stg" not in written.path.read_bytes()
    back = partial(piped, ShRunner(), os.environ, ROT, doing="decrypt")
    assert read(tmp_path, "stg", ONE.backup.id, decrypt=back).files == ONE.files
    with pytest.raises(UsageError, match="is encrypted"):
        read(tmp_path, "stg", ONE.backup.id)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("false", "failed"),
        ("true", "nothing came out"),
        ("cat", "still holds what went in"),
        ("sh -c 'cat; echo broken >&2; exit 3'", "broken"),
        ("", "no command"),
        ("'", "No closing quotation"),
        ("no-such-program --now", "no program"),
    ],
)
def test_a_command_that_does_not_encrypt_is_refused_and_nothing_is_written(
    tmp_path: Path, command: str, said: str
) -> None:
    with pytest.raises(PlatformctlError, match=said) as caught:
        write(tmp_path, ONE, encrypt=partial(through, command))
    assert caught.value.exit_code in (12, 64)
    assert ids(tmp_path, "stg") == ()


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    with pytest.raises(PlatformctlError):
        write(tmp_path, ONE, encrypt=partial(through, f"false; touch {tmp_path}/shell"))
    assert not (tmp_path / "shell").exists()


@pytest.mark.parametrize("cut", [0, 1, 600, 5000])
def test_an_encrypted_backup_that_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    written = write(tmp_path, ONE, encrypt=partial(through, ROT))
    os.truncate(written.path, cut)
    with pytest.raises(LocalError):
        read(
            tmp_path,
            "stg",
            ONE.backup.id,
            decrypt=partial(piped, ShRunner(), os.environ, ROT, doing="decrypt"),
        )


def test_what_comes_out_of_the_wrong_command_is_no_archive(tmp_path: Path) -> None:
    write(tmp_path, ONE, encrypt=partial(through, ROT))
    with pytest.raises(LocalError, match="no archive"):
        read(tmp_path, "stg", ONE.backup.id, decrypt=lambda content: content)
