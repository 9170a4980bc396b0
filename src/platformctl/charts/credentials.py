"""User names, passwords and certificate authorities of registries: `registries` in the catalog, by host.

A password comes from the environment, a file or a command, and reaches helm in a file (0600, in a folder 0700 of its own,
gone afterwards): never on a command line, in a message or in a log.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from platformctl.catalog.models import Registry, RegistryAuth
from platformctl.charts.files import write_atomically
from platformctl.errors import ChartNotAtHandError, LocalError
from platformctl.tools.helm_charts import Workspace, repositories_file
from platformctl.tools.process import Command, Runner

COMMAND_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """What the catalog says about registries, and what is needed to follow it. Paths are relative to `root`."""

    registries: Mapping[str, Registry]
    root: Path
    environ: Mapping[str, str] = field(repr=False)
    runner: Runner

    def of(self, url: str) -> tuple[str, Registry]:
        """The host of an address, and its entry: with the port if there is one, else by the bare name."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        bare = urlsplit(url).hostname or host
        return host, self.registries.get(host) or self.registries.get(bare) or Registry()

    def login(self, url: str) -> Login | None:
        """The user name and password for an address; None where the catalog names none.

        Raises ChartNotAtHandError: without them the chart is out of reach, and a dry run goes on."""
        host, registry = self.of(url)
        if registry.auth is None:
            return None
        where = f"registries.{host}.auth"
        user, password = _two(registry.auth, where, self)
        return Login(user, password)

    def ca_file(self, url: str) -> Path | None:
        host, registry = self.of(url)
        if registry.caFile is None:
            return None
        file = self.root / registry.caFile
        if not file.is_file():
            raise LocalError(
                f"registries.{host}.caFile: no file {file}",
                hint="correct the path in the catalog, or put the PEM there",
            )
        return file

    @contextlib.contextmanager
    def workspace(self, url: str, indexes: Path) -> Iterator[Workspace]:
        """The folders and files for one use of helm as a client of `url`; everything but `indexes` goes away."""
        login, ca_file = self.login(url), self.ca_file(url)
        with tempfile.TemporaryDirectory(prefix="platformctl-") as name:  # mkdtemp: 0700
            folder = Path(name)
            scratch = folder / "helm"
            scratch.mkdir(mode=0o700)
            repositories, registry = folder / "repositories.yaml", None
            user, password = (login.user, login.password) if login else (None, None)
            _write(repositories, repositories_file(url, user=user, password=password, ca_file=ca_file))
            if login is not None:
                registry = folder / "config.json"
                _write(registry, docker_config(self.of(url)[0], login))
            yield Workspace(scratch=scratch, indexes=indexes, repositories=repositories, registry=registry)


def docker_config(host: str, login: Login) -> dict[str, Any]:
    """Docker's config.json with one login."""
    token = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    return {"auths": {host: {"auth": token}}}


def _two(auth: RegistryAuth, where: str, access: RegistryAccess) -> tuple[str, str]:
    """The two values. What is wrong is said without quoting any of them."""
    if auth.env is not None:
        missing = [name for name in auth.env if not access.environ.get(name)]
        if missing:
            raise ChartNotAtHandError(
                f"{where}: {' and '.join(missing)} not set",
                hint=f"export {' '.join(f'{name}=…' for name in missing)}",
            )
        return access.environ[auth.env[0]], access.environ[auth.env[1]]
    if auth.file is not None:
        file = access.root / auth.file
        try:
            return _lines(file.read_text("utf-8"), where, f"file {file}")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ChartNotAtHandError(f"{where}: file {file} cannot be read: {reason}") from None
    program, *arguments = auth.command or [""]
    found = shutil.which(program, path=access.environ.get("PATH"))
    if found is None:
        raise ChartNotAtHandError(f"{where}: no program {program} on PATH")
    command = Command(
        (found, *arguments), dict(access.environ), cwd=access.root, timeout_s=COMMAND_TIMEOUT_S
    )  # the whole environment: a password manager has its session there
    done = access.runner.run(command)
    if not done.ok:
        ended = "no end" if done.timed_out else f"exit code {done.exit_code}"
        raise ChartNotAtHandError(f"{where}: {program} failed ({ended})", hint="run it by hand to see why")
    return _lines(done.text, where, f"output of {program}")


def _lines(text: str, where: str, what: str) -> tuple[str, str]:
    lines = text.splitlines()
    if len(lines) != 2 or not all(lines):
        raise ChartNotAtHandError(f"{where}: {what}: two lines are expected, the user name and the password")
    return lines[0], lines[1]


def _write(file: Path, data: Mapping[str, Any]) -> None:
    try:
        write_atomically(file, json.dumps(data).encode())
    except OSError as error:
        raise LocalError(f"write {file}: {error.strerror}") from error
