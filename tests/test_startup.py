"""What `--version` and `--help` import, in a process of their own: the structure behind the start-up times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"

PROBE = """
import atexit, sys
atexit.register(lambda: print("\\n".join(["", "imported:", *sys.modules])))
sys.argv = ["platformctl", *sys.argv[1:]]
from platformctl.__main__ import main
main()
"""


def run_and_list_imports(*arguments: str) -> tuple[int, str, set[str]]:
    """(exit code, what it printed, top-level names of all that the process had imported when it ended)."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        timeout=60,
        check=False,
    )
    printed, _, listed = done.stdout.partition("\nimported:\n")
    return done.returncode, printed or done.stderr, {name.partition(".")[0] for name in listed.split()}


def test_version_imports_not_even_typer() -> None:
    code, printed, imported = run_and_list_imports("--version")
    ours_and_libraries = imported & {
        "typer",
        "rich",
        "click",
        "yaml",
        "jinja2",
        "sh",
        "asyncio",
        "pydantic",
        "dataclasses",
    }
    assert (code, printed.split()[0], ours_and_libraries) == (0, "platformctl", set())


@pytest.mark.parametrize("arguments", [("--help",), ("-h",)])
def test_help_imports_neither_yaml_nor_jinja2_nor_sh_nor_asyncio_nor_pydantic(
    arguments: tuple[str, ...],
) -> None:
    code, printed, imported = run_and_list_imports(*arguments)
    assert code == 0, printed
    assert "Usage:" in printed
    assert imported & {"yaml", "jinja2", "sh", "asyncio", "pydantic", "tenacity"} == set()


def test_the_probe_sees_an_import() -> None:
    """Without this, a probe that lists nothing would pass the tests above."""
    _, _, imported = run_and_list_imports("--help")
    assert {"platformctl", "typer", "sys"} <= imported
