"""The process that owns a sandbox: `python -m platformctl.sandbox.supervisor FOLDER`.

It starts the components from its main thread, so that the kernel ends them when it ends, however it ends. It ends
itself, and removes the folder, when it is told to (SIGTERM), when its owner is gone, or when its folder is.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from platformctl.errors import PlatformctlError, UnreachableError
from platformctl.sandbox import controlplane
from platformctl.sandbox.controlplane import ControlPlane
from platformctl.sandbox.custom import NAME as CUSTOM
from platformctl.sandbox.custom import CustomPlay
from platformctl.sandbox.folder import Folder, Options, Phase, State, remove_if_empty
from platformctl.sandbox.processes import ProcessId, identify, is_alive
from platformctl.tools.process import ShRunner

_LOOK_S: Final = 0.5
_ADOPTION_S: Final = 5.0


def main(root: Path) -> None:
    """Runs the sandbox in `root` until its end. What goes wrong is written into its state."""
    os.umask(0o077)
    folder = Folder(root)
    with _asked_to_end() as asked:
        options = _adopted(folder)
        if options is None:
            return
        ends = [asked] if options.owner is None else [asked, _end_of(options.owner)]
        if _run(folder, options, lambda timeout_s: bool(select.select(ends, [], [], timeout_s)[0])):
            folder.remove()
            remove_if_empty(root.parent)


def _run(folder: Folder, options: Options, over: Callable[[float], bool]) -> bool:
    """From start to end; False when it failed, and the folder is to stay with the reason. `over(timeout_s)` waits."""
    state = State(Phase.STARTING, time.time())
    folder.write(state)
    plane = controlplane.prepare(ShRunner(), folder, options)
    state = replace(state, server=plane.setup.server)
    try:
        client = controlplane.bring_up(plane, lambda: over(0))
        ready_after_s = round(time.time() - state.started_at_s, 3)
        state = replace(state, phase=Phase.READY, processes=plane.ids(), ready_after_s=ready_after_s)
        folder.write(state)
        _watch(plane, CustomPlay(plane, client), state, over)
    except PlatformctlError as error:
        if not over(0):
            folder.write(replace(state, phase=Phase.FAILED, reason=error.message, processes={}))
            return False
    finally:
        _end_all(plane)
    return True


def _watch(plane: ControlPlane, play: CustomPlay, state: State, over: Callable[[float], bool]) -> None:
    """Until it is to end. Raises ClusterError when a component ended by itself."""
    while _is_ours(plane.folder):
        with contextlib.suppress(UnreachableError):  # a busy API server; a dead one is found below
            if play.look():
                state = replace(state, processes=plane.ids())
                plane.folder.write(state)
        plane.check(except_for=CUSTOM)
        if over(_LOOK_S):
            plane.folder.write(replace(state, phase=Phase.ENDING))
            return


def _end_all(plane: ControlPlane) -> None:
    """At once: nothing of a sandbox is worth a graceful end."""
    for process in plane.processes.values():
        process.signal(signal.SIGKILL)
    for process in plane.processes.values():
        process.wait()


def _adopted(folder: Folder) -> Options | None:
    """What is asked for, once whoever started us has written that we own the folder; None when nobody does."""
    deadline_s = time.monotonic() + _ADOPTION_S
    while not _is_ours(folder):
        if time.monotonic() > deadline_s:
            return None
        time.sleep(0.01)
    return folder.options()


def _is_ours(folder: Folder) -> bool:
    return folder.supervisor() == identify(os.getpid())


@contextlib.contextmanager
def _asked_to_end() -> Iterator[int]:
    """A descriptor that becomes readable on SIGTERM or SIGINT. A hangup of the terminal is not meant for us."""
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        yield reader.fileno()
        signal.set_wakeup_fd(-1)


def _end_of(owner: ProcessId) -> int:
    """A descriptor that becomes readable when the owner ends; readable already when it is gone."""
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(owner.pid)
        if is_alive(owner):
            return descriptor
        os.close(descriptor)
    reader, writer = os.pipe()
    os.close(writer)  # the end of a file is readable
    return reader


if __name__ == "__main__":
    main(Path(sys.argv[1]))
