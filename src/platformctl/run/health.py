"""Readiness rules per kind: object and what is around it → ready, on its way, or doomed. Pure: no clock, no reading.

Decided here, and why
- An Ingress is ready as it is: many controllers never write an address. So are HorizontalPodAutoscaler (without
  metrics it scales nothing, and breaks nothing) and PodDisruptionBudget.
- A Job must complete. A suspended one is ready: somebody meant it.
- A claim of a WaitForFirstConsumer class that no pod mounts is ready: it waits for its first consumer.
- A custom resource is ready when its condition Ready is true; one that keeps no such condition is ready as it is.
- Missing `replicas` are 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from platformctl.run import workloads
from platformctl.run.pods import all_troubles, consumers, describe, is_ready
from platformctl.run.verdict import (
    Body,
    Related,
    Verdict,
    condition,
    doomed,
    is_true,
    judged,
    name_of,
    observed,
    progressing,
    ready,
    short,
    spec,
    status,
    uid_of,
    why,
)

Rule = Callable[[Body, Related, float], Verdict]

# API groups of Kubernetes itself: a kind of theirs without a rule is ready as soon as it is stored.
BUILT_IN: Final = frozenset(
    {"", "apps", "autoscaling", "batch", "policy", "extensions"}
    | {f"{group}.k8s.io" for group in (
        "admissionregistration", "apiextensions", "authentication", "authorization", "certificates", "coordination",
        "discovery", "events", "internal.apiserver", "networking", "node", "rbac.authorization", "resource", "scheduling",
        "storage", "storagemigration")}
    | {"apiregistration.k8s.io", "flowcontrol.apiserver.k8s.io"}
)  # fmt: skip
# Kinds whose controllers always report Ready: without a status they have just not been looked at yet.
REPORTS_READY: Final = frozenset(
    {("cert-manager.io", kind) for kind in ("Issuer", "ClusterIssuer", "Certificate")}
    | {("external-secrets.io", kind) for kind in ("SecretStore", "ClusterSecretStore", "ExternalSecret")}
)


def assess(body: Body, related: Related, now: float) -> Verdict:
    """What an object has come to. `now` is on the clock of `related.since`."""
    return _rule(body)(body, related, now)


def needs_watching(body: Body) -> bool:
    """Whether an object like this (a manifest will do) can be anything else than ready."""
    if _group(body) == "" and body.get("kind") == "Service":
        return spec(body).get("type") == "LoadBalancer"
    return _rule(body) is not _as_it_is


def runs_pods(body: Body) -> bool:
    """Whether it keeps pods running, which may fall back after they were ready."""
    return (_group(body), body.get("kind")) in PODS


def _rule(body: Body) -> Rule:
    group = _group(body)
    if group in BUILT_IN:
        return RULES.get((group, str(body.get("kind"))), _as_it_is)
    return _application if (group, body.get("kind")) == ("argoproj.io", "Application") else _custom


def _group(body: Body) -> str:
    return str(body.get("apiVersion", "")).rpartition("/")[0]


def _as_it_is(_: Body, __: Related, ___: float) -> Verdict:
    return ready()


def _pod(body: Body, related: Related, now: float) -> Verdict:
    phase = status(body).get("phase")
    if phase == "Succeeded":
        return ready("completed")
    if phase == "Failed":
        return doomed(f"pod {name_of(body)} failed: {why(status(body)) or 'no reason was given'}")
    if is_ready(body):
        return ready()
    restarts = spec(body).get("restartPolicy", "Always") == "Always"
    troubles = all_troubles([body], related, in_job=not restarts)
    return judged(describe(body, related.events.get(uid_of(body), ())), troubles, related, now)


def _claim(body: Body, related: Related, _: float) -> Verdict:
    name, phase = name_of(body), status(body).get("phase")
    if phase == "Bound":
        return ready()
    if phase == "Lost":
        return doomed(f"claim {name} has lost its volume")
    events = related.events.get(uid_of(body), ())
    if _waits_for_consumer(body, related, events) and not consumers(related.pods, name):
        return ready("waits for its first consumer")
    warnings = [event for event in events if event.get("type") == "Warning"]
    reason = f": {why(warnings[-1])}" if warnings else ""
    return progressing(f"claim {name} is {phase or 'Pending'}{reason}")


def _waits_for_consumer(body: Body, related: Related, events: Sequence[Body]) -> bool:
    """By its class; where classes may not be read, by what the controller said about the claim."""
    if related.storage_classes is None:
        return any(event.get("reason") == "WaitForFirstConsumer" for event in events)
    wanted = spec(body).get("storageClassName")
    for each in related.storage_classes:
        annotations = (each.get("metadata") or {}).get("annotations") or {}
        default = annotations.get("storageclass.kubernetes.io/is-default-class") == "true"
        if name_of(each) == wanted or (wanted is None and default):
            return bool(each.get("volumeBindingMode") == "WaitForFirstConsumer")
    return False


def _service(body: Body, related: Related, _: float) -> Verdict:
    if spec(body).get("type") != "LoadBalancer" or (status(body).get("loadBalancer") or {}).get("ingress"):
        return ready()
    warnings = [event for event in related.events.get(uid_of(body), ()) if event.get("type") == "Warning"]
    reason = f": {why(warnings[-1])}" if warnings else ""
    return progressing(f"service {name_of(body)} has no address yet{reason}")


def _definition(body: Body, _: Related, __: float) -> Verdict:
    names = condition(body, "NamesAccepted") or {}
    if names.get("status") == "False":
        return doomed(f"CRD {name_of(body)}: its names are taken: {why(names)}")
    return (
        ready()
        if is_true(body, "Established")
        else progressing(f"CRD {name_of(body)} is not established yet")
    )


def _api_service(body: Body, _: Related, __: float) -> Verdict:
    available = condition(body, "Available") or {}
    if available.get("status") == "True":
        return ready()
    return progressing(
        f"APIService {name_of(body)} is not available: {why(available) or 'not looked at yet'}"
    )


def _namespace(body: Body, _: Related, __: float) -> Verdict:
    if status(body).get("phase") == "Terminating" or (body.get("metadata") or {}).get("deletionTimestamp"):
        return doomed(f"namespace {name_of(body)} is being deleted")
    return ready()


def _custom(body: Body, _: Related, __: float) -> Verdict:
    """By the conditions that the ecosystem agrees on: Ready, and Stalled and Reconciling of kstatus."""
    who = f"{body.get('kind')} {name_of(body)}"
    found = condition(body, "Ready")
    if found is None and (_group(body), body.get("kind")) in REPORTS_READY:
        return progressing(f"{who} has not said yet whether it is ready")
    if not observed(body, found):
        return progressing(f"{who}: the change is not observed yet")
    if is_true(body, "Stalled"):
        return doomed(f"{who} is stalled: {why(condition(body, 'Stalled'))}")
    if found is not None and found.get("status") != "True":
        return progressing(f"{who} is not ready: {why(found) or found.get('status')}")
    if is_true(body, "Reconciling"):
        return progressing(f"{who} is reconciling: {why(condition(body, 'Reconciling'))}")
    return ready()


def _application(body: Body, _: Related, __: float) -> Verdict:
    """An Argo CD Application: synced and healthy. A sync that has used up its retries does not get there by itself."""
    who, state = f"Application {name_of(body)}", status(body)
    sync = str((state.get("sync") or {}).get("status") or "Unknown")
    health = str((state.get("health") or {}).get("status") or "Unknown")
    if (sync, health) == ("Synced", "Healthy"):
        return ready()
    operation = state.get("operationState") or {}
    if operation.get("phase") in ("Failed", "Error"):
        return doomed(f"{who}: its sync failed: {short(str(operation.get('message', '')))}")
    note = (state.get("health") or {}).get("message")
    return progressing(f"{who} is {sync}, {health}{f' ({short(note, 120)})' if note else ''}")


PODS: Final[dict[tuple[str, str], Rule]] = {
    ("", "Pod"): _pod,
    ("", "ReplicationController"): workloads.replica_set,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
}
RULES: Final[dict[tuple[str, str], Rule]] = {
    **PODS,
    ("batch", "Job"): workloads.job,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("", "Namespace"): _namespace,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apiregistration.k8s.io", "APIService"): _api_service,
}
