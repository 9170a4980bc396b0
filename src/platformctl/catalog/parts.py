"""The parts that libraries, applications and environments are described with: charts, namespaces, requirements, gates."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from platformctl.catalog.base import NOT_AN_OPTION, Deadline, FilePath, Model, Name, NamespaceName


class ChartRef(Model):
    """Where a chart comes from: a folder of this repository, or a chart repository or OCI registry with a version."""

    path: FilePath | None = Field(
        None, description="Folder from the root of the repository.", examples=["/helm/applications/shop"]
    )
    repository: str | None = Field(
        None,
        pattern=r"^(https?|oci|file)://\S+$",
        description="Chart repository, or OCI registry folder.",
        examples=["https://charts.jetstack.io"],
    )
    name: Name | None = Field(
        None, description="Name of the chart in the repository.", examples=["cert-manager"]
    )
    version: str | None = Field(
        None, pattern=r"^v?\d+\.\d+\.\d+\S*$", description="Exact version.", examples=["v1.21.1"]
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        remote = (self.repository, self.name, self.version)
        if self.path is not None and any(remote):
            raise ValueError("a chart has either a path, or repository, name and version")
        if self.path is None and not all(remote):
            raise ValueError("a chart needs a path, or repository, name and version together")
        return self


class Namespace(Model):
    """A namespace that releases go to."""

    name: NamespaceName = Field(description="Made by platformctl when it is missing.")
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="Set and kept by platformctl.",
        examples=[{"pod-security.kubernetes.io/enforce": "privileged"}],
    )


class Cluster(Model):
    """A Kubernetes cluster, known by its identity and not by the name of a context."""

    context: str | None = Field(
        None, pattern=NOT_AN_OPTION, description="Context of the kubeconfig.", examples=["production-eu"]
    )
    identity: str | None = Field(
        None, description="UID of namespace kube-system; written by `platformctl cluster pin`."
    )


class RegistryAuth(Model):
    """Where the user name and password come from: exactly one of the three. Never the command line."""

    env: list[str] | None = Field(
        None,
        min_length=2,
        max_length=2,
        description="Names of two variables.",
        examples=[["REGISTRY_USER", "REGISTRY_PASSWORD"]],
    )
    file: str | None = Field(None, description="A file of two lines: user name, password.")
    command: list[str] | None = Field(None, min_length=1, description="A program that prints two lines.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.env, self.file, self.command)) != 1:
            raise ValueError("exactly one of env, file and command")
        return self


class Registry(Model):
    """How to talk to a chart repository or OCI registry."""

    auth: RegistryAuth | None = Field(None, description="Absent: nobody asks who we are.")
    caFile: str | None = Field(None, description="Certificate authority of the registry, PEM.")  # noqa: N815


class RequiredSecret(Model):
    """A Secret that must exist in the namespace of the release."""

    name: NamespaceName = Field(description="Its name.", examples=["database-login"])
    keys: list[str] = Field(
        default_factory=list, description="Keys that it must hold.", examples=[["user", "password"]]
    )
    type: str = Field("Opaque", description="Its type.")
    hint: str | None = Field(None, description="How to make it; shown when it is missing.")


class Requires(Model):
    """What must exist and is not ours to make; checked before the first write."""

    crds: list[str] = Field(
        default_factory=list,
        description="CustomResourceDefinitions.",
        examples=[["externalsecrets.external-secrets.io"]],
    )
    secrets: list[RequiredSecret] = Field(
        default_factory=list, description="Secrets, in the release's namespace."
    )
    ingressClasses: list[str] = Field(  # noqa: N815
        default_factory=list, description="IngressClasses.", examples=[["nginx"]]
    )
    storageClasses: list[str] = Field(default_factory=list, description="StorageClasses.")  # noqa: N815
    kubernetes: str | None = Field(
        None,
        pattern=r"^>=\d+\.\d+$",
        description="Oldest version of Kubernetes.",
        examples=[">=1.25"],
    )


class HttpGate(Model):
    """A request that must be answered as expected."""

    url: str = Field(
        pattern=r"^https?://\S+$", description="Address.", examples=["https://example.com/health"]
    )
    expect: int = Field(200, ge=100, le=599, description="Status code of the answer.")
    within: Deadline = Field("2m", description="How long to go on asking.")


class Gate(Model):
    """A check after a release that must pass before what needs it may start: exactly one kind."""

    crd: str | None = Field(None, description="This CustomResourceDefinition is established.")
    accepts: FilePath | None = Field(
        None, description="A server dry-run create of this file's object is accepted: the webhook answers."
    )
    http: HttpGate | None = Field(None, description="This address answers as expected.")
    job: FilePath | None = Field(
        None, description="The Job in this file completes; it is removed afterwards."
    )
    helmTest: bool | None = Field(None, description="`helm test` passes.")  # noqa: N815
    within: Deadline = Field("3m", description="How long it may take.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = (self.crd, self.accepts, self.http, self.job, self.helmTest)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("exactly one of crd, accepts, http, job and helmTest")
        return self

    def __str__(self) -> str:
        if self.crd:
            return f"crd {self.crd} established"
        if self.accepts:
            return f"server accepts {self.accepts}"
        if self.http:
            return f"GET {self.http.url} answers {self.http.expect}"
        return f"job {self.job} completes" if self.job else "helm test"


class Wait(StrEnum):
    """Who decides that a release is ready."""

    PLATFORMCTL = "platformctl"  # helm applies, platformctl decides readiness from the API
    HELM = "helm"  # for a chart whose post-install hooks need running pods


class OnFailure(StrEnum):
    """What becomes of a scope when one of its releases fails."""

    KEEP = "keep"
    RELEASE = "rollback-release"
    CONNECTED = "rollback-connected"
    RUN = "rollback-run"


class Layer(StrEnum):
    """The two kinds of libraries."""

    CLUSTER_SERVICES = "cluster-services"
    DEVELOPMENT_TOOLS = "development-tools"
