"""The kubeconfig of a run: one context, copied to a private file, so that nothing can change it under us.

Facts about kubectl 1.37 that shape it (seen): without any file it quietly assumes localhost:8080, so a file must exist;
`config view --flatten` takes certificates into the copy but leaves `tokenFile` and the command of an exec plugin
relative to where the file was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from platformctl.errors import ClusterError, LocalError, suggestion
from platformctl.tools.cluster import ClusterAccess
from platformctl.tools.kubectl import Kubectl
from platformctl.tools.process import Command

_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Sources:
    """The kubeconfig files that exist, first wins. `named` says that the user pointed at them (option or variable), so
    that a cluster out of reach is an error and not a reason to go on offline. `asked` is for messages."""

    files: tuple[Path, ...]
    named: bool
    asked: str


def find_sources(option: Path | None, environ: Mapping[str, str]) -> Sources:
    """Where the kubeconfig is: --kubeconfig, else $KUBECONFIG (a list), else ~/.kube/config. Empty when none is there.

    Raises ClusterError when one that was named does not exist; of a list in $KUBECONFIG, one must.
    """
    if option is not None:
        if not option.is_file():
            raise ClusterError(f"read kubeconfig {option}: no such file", hint="correct --kubeconfig")
        return Sources((option.absolute(),), True, str(option))
    listed = environ.get("KUBECONFIG", "")
    if listed:
        files = tuple(
            Path(part).absolute() for part in listed.split(os.pathsep) if part and Path(part).is_file()
        )
        if not files:
            raise ClusterError(
                f"read kubeconfig {listed}: no such file", hint="correct or unset the variable KUBECONFIG"
            )
        return Sources(files, True, f"KUBECONFIG={listed}")
    default = Path(environ.get("HOME", "/nonexistent")) / ".kube" / "config"
    return Sources((default,) if default.is_file() else (), False, str(default))


def freeze(kubectl: Kubectl, sources: Sources, context: str | None, folder: Path) -> ClusterAccess:
    """A private copy (0600, in `folder`) of one context, the current one when none is named.

    Raises ClusterError: no file, no contexts, a context that does not exist, no current one, a certificate missing.
    """
    if not sources.files:
        raise ClusterError(
            f"find a kubeconfig: none at {sources.asked}",
            hint="name one with  --kubeconfig FILE, or start a throwaway cluster with  --sandbox",
        )
    argv = ["config", "view", "--raw", "--flatten", "--minify", "--output=json"]
    done = _view(kubectl, sources, [*argv, f"--context={context}"] if context else argv)
    if isinstance(done, str):
        raise _why(kubectl, sources, context, done)
    for entry in done.get("users") or []:
        _resolve(entry.get("user") or {}, sources)
    try:
        server = str(done["clusters"][0]["cluster"]["server"])
        chosen = str(done["current-context"])
    except (KeyError, IndexError, TypeError):
        raise _why(kubectl, sources, context, "the context has no cluster with a server") from None
    target = folder / "kubeconfig"
    _write_private(target, json.dumps(done).encode())
    return ClusterAccess(kubeconfig=target, context=chosen, server=server)


def contexts(kubectl: Kubectl, sources: Sources) -> tuple[str, ...]:
    """The names of all contexts, in the order of the file. Raises ClusterError for a file that is no kubeconfig."""
    done = _view(kubectl, sources, ["config", "view", "--output=json"])
    if isinstance(done, str):
        raise ClusterError(f"read kubeconfig {sources.asked}: {done}")
    return tuple(str(entry.get("name", "")) for entry in done.get("contexts") or [])


def _view(kubectl: Kubectl, sources: Sources, argv: list[str]) -> dict[str, Any] | str:
    """The kubeconfig as kubectl reads it, or what kubectl says instead."""
    env = {**kubectl.env, "KUBECONFIG": os.pathsep.join(map(str, sources.files))}
    done = kubectl.runner.run(Command((str(kubectl.binary), *argv), env, timeout_s=_TIMEOUT_S))
    if not done.ok:
        return done.last_error()
    parsed = json.loads(done.text)
    return parsed if isinstance(parsed, dict) else "not a kubeconfig"


def _why(kubectl: Kubectl, sources: Sources, context: str | None, text: str) -> ClusterError:
    """The error for a context that cannot be frozen, with what there is instead."""
    known = contexts(kubectl, sources)
    if not known:
        return ClusterError(
            f"read kubeconfig {sources.asked}: it has no contexts", hint="name another with  --kubeconfig"
        )
    listing = ", ".join(known)
    if context is None:
        if "current-context must exist" in text:
            return ClusterError(
                f"read kubeconfig {sources.asked}: it names no current context",
                hint=f"choose one with  --context NAME: {listing}",
            )
        return ClusterError(f"read kubeconfig {sources.asked}: {text}")
    if context not in known:
        return ClusterError(
            f"read kubeconfig {sources.asked}: no context {context!r}{suggestion(context, known)}",
            hint=f"choose one of: {listing}",
        )
    return ClusterError(f"read context {context} of kubeconfig {sources.asked}: {text}")


def _resolve(user: dict[str, Any], sources: Sources) -> None:
    """Makes the paths absolute that kubectl leaves relative to the folder of the file that they came from."""
    exec_plugin = user.get("exec") or {}
    for holder, key in ((user, "tokenFile"), (exec_plugin, "command")):
        value = holder.get(key)
        if not value or Path(value).is_absolute() or (key == "command" and os.sep not in value):
            continue  # a bare command is looked up on PATH
        found = [file.parent / value for file in sources.files if (file.parent / value).exists()]
        holder[key] = str(found[0] if found else sources.files[0].parent / value)


def _write_private(target: Path, content: bytes) -> None:
    try:
        target.unlink(missing_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise LocalError(f"write the run's kubeconfig {target}: {error.strerror}") from None
