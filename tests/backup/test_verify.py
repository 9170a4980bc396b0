"""A backup that is not whole is refused, whatever is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from platformctl.backup.manifest import MANIFEST, README, SEAL, packed, seal
from platformctl.backup.models import Archive
from platformctl.backup.verify import verified
from platformctl.errors import LocalError
from tests.support.backups import archive, saved, secret

WHOLE = archive(saved("web"), saved("api"), secrets=[secret("loose")])


def files() -> dict[str, bytes]:
    return dict(packed(Archive(WHOLE.backup, {k: v for k, v in WHOLE.files.items() if k != README}))[1])


def sealed(head: Mapping[str, object]) -> dict[str, bytes]:
    """With another head that is properly sealed: what only a program could have written."""
    content = json.dumps(head).encode()
    return {**files(), MANIFEST: content, SEAL: seal(content)}


def test_what_was_packed_comes_out_equal() -> None:
    assert verified(files(), "x") == WHOLE
    assert WHOLE.backup.digest != ""


@pytest.mark.fault(37)
def test_a_file_that_is_cut_off_at_any_byte_is_found() -> None:
    whole = files()
    checked = 0
    for path, content in whole.items():
        for end in range(len(content)):
            with pytest.raises(LocalError, match="damaged"):
                verified({**whole, path: content[:end]}, "x")
            checked += 1
    assert checked > 3000


@pytest.mark.fault(37)
def test_a_bit_that_flipped_anywhere_is_found() -> None:
    whole = files()
    for path, content in whole.items():
        for at in {0, len(content) // 3, len(content) // 2, len(content) - 1} if content else ():
            flipped = bytearray(content)
            flipped[at] ^= 0x04
            with pytest.raises(LocalError) as caught:
                verified({**whole, path: bytes(flipped)}, "x")
            assert caught.value.exit_code == 12


@pytest.mark.fault(37)
@pytest.mark.parametrize("path", sorted(files()))
def test_a_missing_file_is_named(path: str) -> None:
    whole = files()
    del whole[path]
    with pytest.raises(LocalError, match="damaged") as caught:
        verified(whole, "the backup x")
    assert path in caught.value.message or path == SEAL


@pytest.mark.parametrize("extra", ["releases/plate-stg/web-stg/more.txt", "empty/", "manifest.json.bak"])
def test_what_does_not_belong_to_it_is_named(extra: str) -> None:
    with pytest.raises(LocalError, match=f"{extra} does not belong to it"):
        verified({**files(), extra: b""}, "x")


def test_a_newer_schema_is_refused_and_says_what_to_use() -> None:
    head = json.loads(files()[MANIFEST]) | {"schema": "platformctl.dev/backup.v9"}
    with pytest.raises(LocalError, match=r"backup\.v9 is not known") as caught:
        verified(sealed(head), "x")
    assert "version of platformctl that made it" in str(caught.value.hint)


@pytest.mark.parametrize("lacking", ["files", "cluster", "releases", "id", "namespaces"])
def test_a_head_without_one_of_its_parts_is_damaged(lacking: str) -> None:
    head = json.loads(files()[MANIFEST])
    del head[lacking]
    with pytest.raises(LocalError, match="damaged"):
        verified(sealed(head), "x")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"7", b'{"schema":', b"\xff\xfe"])
def test_a_manifest_that_is_none_is_damaged(content: bytes) -> None:
    with pytest.raises(LocalError, match="damaged"):
        verified({**files(), MANIFEST: content, SEAL: seal(content)}, "x")


def test_it_says_what_it_does_not_hold() -> None:
    whole = files()
    assert "no volumes, no databases" in whole[README].decode()
    assert "no volumes, no databases" in json.loads(whole[MANIFEST])["holds"]
