"""What must exist and is not ours to make: CRDs, Secrets, ingress and storage classes, the Kubernetes version.

A finding is a blocker when the thing is known to be absent, a warning when it may not be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from platformctl.catalog.models import RequiredSecret, Requires
from platformctl.live.state import LiveState
from platformctl.render.models import RenderedRelease


@dataclass(frozen=True, slots=True)
class Finding:
    """`blocks`: absent; otherwise unknown."""

    text: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """What will be there by the time it is needed: brought by releases that go before, in this plan or the one before it.

    `libraries` are keys; secrets are (namespace, name). Of a chart's crds/ only the API groups are known here. `unseen`:
    some of it could not be rendered, and may bring anything.
    """

    libraries: frozenset[str] = frozenset()
    crds: frozenset[str] = frozenset()
    crd_groups: frozenset[str] = frozenset()
    ingress_classes: frozenset[str] = frozenset()
    storage_classes: frozenset[str] = frozenset()
    secrets: frozenset[tuple[str, str]] = frozenset()
    unseen: bool = False

    def __or__(self, other: Coming) -> Coming:
        return Coming(
            self.libraries | other.libraries,
            self.crds | other.crds,
            self.crd_groups | other.crd_groups,
            self.ingress_classes | other.ingress_classes,
            self.storage_classes | other.storage_classes,
            self.secrets | other.secrets,
            self.unseen or other.unseen,
        )


def brought_by(renders: Iterable[RenderedRelease]) -> Coming:
    """What these releases bring, as far as a requirement can name it."""
    found = Coming()
    for render in renders:
        ids = [each.id for each in render.objects or ()]
        crds = frozenset(each.name for each in ids if each.kind == "CustomResourceDefinition")
        found |= Coming(
            crds=crds,
            crd_groups=frozenset(api.partition("/")[0] for api in render.apis)
            - {crd.partition(".")[2] for crd in crds},
            ingress_classes=frozenset(each.name for each in ids if each.kind == "IngressClass"),
            storage_classes=frozenset(each.name for each in ids if each.kind == "StorageClass"),
            secrets=frozenset(
                (each.namespace, each.name) for each in ids if each.kind == "Secret" and not each.group
            ),
        )
    return found


def findings(
    need: str, requires: Requires, namespace: str, live: LiveState, coming: Coming
) -> Iterator[Finding]:
    """What is required and the cluster lacks, or hides; `need` begins each text: `web needs`. Nothing without a cluster.

    What is absent does not block while a chart that could not be rendered may still bring it.
    """
    if live.identity is None:
        return
    for finding in _findings(need, requires, namespace, live, coming):
        if coming.unseen and finding.blocks:
            text = f"{finding.text}; or a library brings it whose chart is not at hand"
            yield Finding(text, blocks=False)
        else:
            yield finding


def _findings(
    need: str, requires: Requires, namespace: str, live: LiveState, coming: Coming
) -> Iterator[Finding]:
    for crd in requires.crds:
        if crd not in coming.crds and crd.partition(".")[2] not in coming.crd_groups:
            yield from _crd(need, crd, live)
    for kind, wanted, there, on_its_way in (
        ("ingress class", requires.ingressClasses, live.ingress_classes, coming.ingress_classes),
        ("storage class", requires.storageClasses, live.storage_classes, coming.storage_classes),
    ):
        for name in wanted:
            if name not in there and name not in on_its_way:
                yield _absent_or_unknown(
                    f"{need} {kind} {name}",
                    live.unknown.get(f"{kind}es"),
                    f"kubectl get {kind.replace(' ', '')}es",
                )
    for secret in requires.secrets:
        if (namespace, secret.name) not in coming.secrets:
            yield from _secret(need, secret, namespace, live)
    if requires.kubernetes and live.identity and not _at_least(live.identity.version, requires.kubernetes):
        yield Finding(
            f"{need} Kubernetes {requires.kubernetes}; this cluster is {live.identity.version}",
            blocks=True,
        )


def _absent_or_unknown(need: str, why_unknown: str | None, look: str) -> Finding:
    if why_unknown is not None:
        return Finding(f"{need}; whether it is there may not be read: {why_unknown}", blocks=False)
    return Finding(f"{need}, which does not exist; what there is:  {look}", blocks=True)


def _crd(need: str, crd: str, live: LiveState) -> Iterator[Finding]:
    if crd not in live.crds:
        why = live.unknown.get("crds")
        if why is not None:
            text = f"{need} CRD {crd}; whether it is there may not be read: {why}"
        else:
            text = (
                f"{need} CRD {crd}, which does not exist; what brings it goes first:  platformctl libraries"
            )
        yield Finding(text, blocks=why is None)
    elif not live.crds[crd]:
        yield Finding(
            f"{need} CRD {crd}, which is not established; see why:  kubectl describe crd {crd}",
            blocks=True,
        )


def _secret(need: str, secret: RequiredSecret, namespace: str, live: LiveState) -> Iterator[Finding]:
    place = (namespace, secret.name)
    need = f"{need} Secret {namespace}/{secret.name}"
    if place not in live.secret_keys:
        why = live.unknown.get(
            f"secrets in namespace {namespace}", live.unknown.get("secrets", "it was not looked for")
        )
        yield Finding(f"{need}; whether it is there may not be read: {why}", blocks=False)
        return
    keys = live.secret_keys[place]
    fix = how_to_make(secret, namespace, make_namespace=namespace not in live.namespaces)
    if keys is None:
        yield Finding(f"{need}, which does not exist; make it:  {fix}", blocks=True)
        return
    lacking = [key for key in secret.keys if key not in keys]
    if lacking:
        plural = "keys" if len(lacking) > 1 else "key"
        hint = secret.hint or f"kubectl -n {namespace} edit secret {secret.name}"
        yield Finding(f"{need} with {plural} {', '.join(lacking)}, which it lacks; add:  {hint}", blocks=True)


def how_to_make(secret: RequiredSecret, namespace: str, *, make_namespace: bool = False) -> str:
    """The catalog's own hint, else a kubectl line. Values come from files: a literal would stay in the shell's history."""
    if secret.hint:
        return secret.hint
    first = f"kubectl create namespace {namespace} && " if make_namespace else ""
    base = f"{first}kubectl -n {namespace} create secret"
    match secret.type:
        case "kubernetes.io/tls":
            return f"{base} tls {secret.name} --cert=FILE --key=FILE"
        case "kubernetes.io/dockerconfigjson":
            return f"{base} docker-registry {secret.name} --from-file=.dockerconfigjson=FILE"
        case kind:
            typed = "" if kind == "Opaque" else f" --type={kind}"
            keys = "".join(f" --from-file={key}=FILE" for key in secret.keys or ["KEY"])
            return f"{base} generic {secret.name}{typed}{keys}"


def _at_least(version: str, wanted: str) -> bool:
    have = re.match(r"v?(\d+)\.(\d+)", version)
    need = re.match(r">=(\d+)\.(\d+)", wanted)
    if have is None or need is None:
        return True  # a version that cannot be read proves nothing
    return (int(have[1]), int(have[2])) >= (int(need[1]), int(need[2]))
