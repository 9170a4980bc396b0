"""Gates: what must be true after a release before what needs it may begin. One function per kind; no fixed sleeps.

A gate that is not passed in its time has failed, with the last reason. On a sandbox, whose pods are played, a gate that
needs a real process behind a Service is SKIPPED and says so; it never passes there.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from platformctl.catalog.durations import seconds, short
from platformctl.catalog.models import HttpGate
from platformctl.errors import DesiredStateError, ToolError
from platformctl.plan.steps import PassGate, StepId
from platformctl.render.models import KubeObject, ObjectId
from platformctl.run.executor import Performed, Progress
from platformctl.run.result import Status
from platformctl.run.watch import await_ready
from platformctl.tools.kubectl import complaint, failure, manifest

if TYPE_CHECKING:  # actions calls this module
    from platformctl.run.actions import Tools

RETRY_S: Final = 1.0
HTTP_TIMEOUT_S: Final = 10.0
GATE_LABEL: Final = "platformctl.dev/gate"
REASON_LENGTH: Final = 600
_FILLER: Final = re.compile(
    r'Error from server \(\w+\): |error when creating "STDIN": |Internal error occurred: '
)
NOT_CHECKED: Final = "not checked (pods are played)"
# What another try cannot change: the object itself is wrong.
_FINAL: Final = (
    " is invalid:",
    "(Invalid)",
    "(BadRequest)",
    "strict decoding error",
    "error validating data",
)


def pass_gate(step: PassGate, tools: Tools, progress: Progress) -> Performed:
    """OK, FAILED with the reason, SKIPPED with why, or INTERRUPTED. Raises PlatformctlError when it cannot be tried."""
    gate, within_s = step.gate, seconds(step.gate.within)
    if gate.crd:
        return crd_established(gate.crd, within_s, tools, progress)
    if gate.accepts:
        return accepts(_one_object(gate.accepts, step, tools), within_s, tools, progress)
    if gate.http:
        return answers(gate.http, tools.stop.asked, progress, sandbox=tools.sandbox, clock=tools.clock)
    if gate.job:
        return job_completes(_one_object(gate.job, step, tools), within_s, step, tools, progress)
    return helm_test(step, within_s, tools)


def crd_established(name: str, within_s: float, tools: Tools, progress: Progress) -> Performed:
    """The definition is there, maybe brought by an operator a moment later, and established."""
    group, version, kind = "apiextensions.k8s.io", "apiextensions.k8s.io/v1", "CustomResourceDefinition"
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
    definition = KubeObject(ObjectId(group, kind, "", name), version, body)
    done = await_ready(
        tools.api,
        tools.kubectl,
        [definition],
        timeout_s=within_s,
        stable_for_s=0.0,
        stop=tools.stop.asked,
        progress=progress,
        missing_s=within_s + 1,
        clock=tools.clock,
    )
    return _as_gate(done, f"CRD {name} is established")


def accepts(each: KubeObject, within_s: float, tools: Tools, progress: Progress) -> Performed:
    """A server dry-run create passes: kind, schema and every admission webhook on the way. Nothing is stored."""
    what = f"{each.id.kind} {each.id.name}"

    def attempt() -> Performed | str:
        done = tools.kubectl.create(manifest(each.body), namespace=each.id.namespace or None, dry_run=True)
        said = complaint(done)
        if done.ok or "(AlreadyExists)" in said:  # which is found out after admission
            return Performed(Status.OK, f"the server accepts {what}")
        if any(mark in said for mark in _FINAL) and "webhook" not in said:
            return Performed(Status.FAILED, f"the server refuses {what}: {_reason(said)}")
        return _reason(failure(done, f"dry-run create of {what}", tools.kubectl.access).message)

    done = _until(attempt, within_s, tools.stop.asked, progress, tools.clock)
    if done.status is Status.OK and tools.sandbox:
        detail = f"{NOT_CHECKED}: the server accepts {what}, but no webhook of the release was asked"
        return replace(done, status=Status.SKIPPED, detail=detail)
    return done


def answers(
    gate: HttpGate,
    stop: threading.Event,
    progress: Progress,
    *,
    sandbox: bool,
    clock: Callable[[], float] = time.monotonic,
) -> Performed:
    """GET of an address answers with the expected status. Redirects are followed unless one is what is expected."""
    host = urlsplit(gate.url).hostname or ""
    if sandbox and not is_loopback(host):
        return Performed(Status.SKIPPED, f"{NOT_CHECKED}: GET {gate.url}")
    opener = _opener(direct=is_loopback(host), follow=not 300 <= gate.expect < 400)

    def attempt() -> Performed | str:
        try:
            with opener.open(gate.url, timeout=HTTP_TIMEOUT_S) as response:
                status = int(response.status)
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, ssl.SSLError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            return f"GET {gate.url}: {reason}"
        if status == gate.expect:
            return Performed(Status.OK, f"GET {gate.url} answers {status}")
        return f"GET {gate.url} answers {status}, not {gate.expect}"

    return _until(attempt, seconds(gate.within), stop, progress, clock)


def job_completes(
    each: KubeObject, within_s: float, step: PassGate, tools: Tools, progress: Progress
) -> Performed:
    """The Job runs to its end, under a name of its own, and is removed whatever came of it."""
    if each.id.kind != "Job":
        raise DesiredStateError(f"gate of {step.name}: {step.gate.job} holds a {each.id.kind}, not a Job")
    if tools.sandbox:
        return Performed(Status.SKIPPED, f"{NOT_CHECKED}: job {each.id.name}")
    metadata = dict(each.body.get("metadata") or {})
    metadata.pop("name", None)
    metadata |= {
        "generateName": f"{each.id.name[:50]}-",
        "labels": {**(metadata.get("labels") or {}), GATE_LABEL: step.name},
    }
    body = {**each.body, "metadata": metadata}
    made = _create(body, each.id.namespace, step.id, tools)
    name = str(made["metadata"]["name"])
    running = KubeObject(each.id._replace(name=name), each.api_version, made)
    try:
        done = await_ready(
            tools.api,
            tools.kubectl,
            [running],
            timeout_s=within_s,
            stable_for_s=0.0,
            stop=tools.stop.asked,
            progress=progress,
            clock=tools.clock,
        )
    finally:
        tools.door.write(
            step.id,
            f"remove job {name}",
            lambda: tools.kubectl.delete("job", name, namespace=each.id.namespace, dry_run=False),
        )
    return _as_gate(done, f"job {each.id.name} completed")


def helm_test(step: PassGate, within_s: float, tools: Tools) -> Performed:
    if tools.sandbox:
        return Performed(Status.SKIPPED, f"{NOT_CHECKED}: helm test {step.name}")
    done = tools.door.write(
        step.id,
        f"helm test {step.name}",
        lambda: tools.helm.test(step.name, step.namespace, timeout_s=within_s),
    )
    if done.ok:
        return Performed(Status.OK, f"helm test {step.name} passes")
    reason = f"no end within {short(within_s)}" if done.timed_out else done.last_error()
    return Performed(Status.FAILED, f"helm test {step.name}: {reason}")


def is_loopback(host: str) -> bool:
    """127.0.0.0/8, ::1 or localhost."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(said: str) -> str:
    """What kubectl says, on one line and without what it says every time."""
    return " ".join(_FILLER.sub("", said).split())[:REASON_LENGTH]


def _one_object(file: str, step: PassGate, tools: Tools) -> KubeObject:
    """The object of a gate's file, which the catalog names from the root of the repository."""
    path = tools.root / file.lstrip("/")
    try:
        found = tools.parse(path.read_text(encoding="utf-8"), step.namespace)
    except (OSError, UnicodeDecodeError) as error:
        raise DesiredStateError(f"gate of {step.name}: read {file}: {error}") from None
    if len(found) != 1:
        raise DesiredStateError(f"gate of {step.name}: {file} must hold one object, it holds {len(found)}")
    return found[0]


def _create(body: dict[str, Any], namespace: str, step: StepId, tools: Tools) -> dict[str, Any]:
    what = f"create job {body['metadata']['generateName']}…"
    done = tools.door.write(
        step, what, lambda: tools.kubectl.create(manifest(body), namespace=namespace, dry_run=False)
    )
    if not done.ok:
        raise failure(done, what, tools.kubectl.access)
    made = json.loads(done.text)
    if not isinstance(made, dict):
        raise ToolError(f"{what}: kubectl did not say what it made")
    return made


def _until(
    attempt: Callable[[], Performed | str],
    within_s: float,
    stop: threading.Event,
    progress: Progress,
    clock: Callable[[], float],
) -> Performed:
    """Tries again and again; a text is the reason why not yet."""
    give_up = clock() + within_s
    shown = ""
    while not stop.is_set():
        outcome = attempt()
        if isinstance(outcome, Performed):
            return outcome
        if outcome != shown:
            progress(outcome)
            shown = outcome
        left_s = give_up - clock()
        if left_s <= 0:
            return Performed(Status.FAILED, f"not passed within {short(within_s)}: {outcome}")
        stop.wait(min(RETRY_S, left_s))
    return Performed(Status.INTERRUPTED, f"stopped while waiting: {shown}" if shown else "stopped")


def _as_gate(done: Performed, passed: str) -> Performed:
    """What a wait came to, in the words of a gate: one that is not passed in time has failed."""
    if done.status is Status.OK:
        return replace(done, detail=passed)
    return replace(done, status=Status.FAILED) if done.status is Status.TIMED_OUT else done


def _opener(*, direct: bool, follow: bool) -> urllib.request.OpenerDirector:
    """http and https only; `direct` passes by any proxy of the environment."""
    opener = urllib.request.OpenerDirector()
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.ProxyHandler({} if direct else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        *([urllib.request.HTTPRedirectHandler()] if follow else []),
    ]
    for handler in handlers:
        opener.add_handler(handler)
    return opener
