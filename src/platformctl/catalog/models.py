"""The catalog file as typed values: what a platform is, in the words of helm, kubectl and Argo CD.

These models are the schema: `platformctl schema` prints them, the loader checks a file against them, and everything
else reads them. Nothing here touches a disk. Paths keep Argo CD's rule: a plain path is relative to the chart, a
leading `/` means the root of the repository.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from platformctl.catalog.durations import checked

API_VERSION: Final = "platformctl.dev/v1alpha1"
LIBRARIES: Final = (
    "libraries"  # the scope of cluster services and development tools; no environment may take the name
)

_DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
Name = Annotated[str, StringConstraints(pattern=_DNS_LABEL, max_length=53)]
NamespaceName = Annotated[str, StringConstraints(pattern=_DNS_LABEL, max_length=63)]
Duration = Annotated[str, AfterValidator(checked), Field(examples=["90s", "10m"])]
# No comma: helm splits `-f a,b` into two files.
FilePath = Annotated[str, StringConstraints(pattern=r"^[^\s,~][^\n,]*$", max_length=512)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class ChartRef(Model):
    """Where a chart comes from: a folder of this repository, or a chart repository or OCI registry with a version."""

    path: FilePath | None = Field(
        None, description="Folder from the root of the repository.", examples=["/helm/applications/plate-web"]
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
    name: NamespaceName = Field(description="Made by platformctl when it is missing.")
    labels: dict[str, str] = Field(default_factory=dict, description="Set and kept by platformctl.")


class Backoff(Model):
    duration: Duration
    factor: int | None = None
    maxDuration: Duration | None = None  # noqa: N815 - Argo CD's spelling, here and below


class Retry(Model):
    limit: int = Field(ge=-1)
    backoff: Backoff | None = None


class Sync(Model):
    """Argo CD's sync policy. A field that is not set is inherited; `retry: null` removes it."""

    prune: bool | None = None
    selfHeal: bool | None = None  # noqa: N815
    retry: Retry | None = None
    revisionHistoryLimit: int | None = Field(None, ge=0)  # noqa: N815


class IgnoreDifference(Model):
    group: str | None = None
    kind: str
    name: str | None = None
    namespace: str | None = None
    jsonPointers: list[str] = Field(default_factory=list)  # noqa: N815
    jqPathExpressions: list[str] = Field(default_factory=list)  # noqa: N815


class ArgoApplication(Model):
    """What an application's Argo CD Application has of its own."""

    name: Name | None = Field(None, description="Prefix of the Application's name; the environment follows.")
    file: Name | None = Field(None, description="Prefix of the file's name; the environment follows.")
    syncOptions: list[str] | None = Field(None, examples=[["CreateNamespace=false"]])  # noqa: N815
    ignoreDifferences: list[IgnoreDifference] = Field(default_factory=list)  # noqa: N815
    finalizers: list[str] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    syncWave: int | None = Field(None, description="By hand; one that contradicts needs is an error.")  # noqa: N815


class ArgoRoot(Model):
    name: Name
    path: FilePath


class ArgoCD(Model):
    namespace: NamespaceName = "argocd"
    project: str = "default"
    server: str = "https://kubernetes.default.svc"
    root: ArgoRoot | None = None


class Git(Model):
    repoURL: str = Field(examples=["https://github.com/example/platform.git"])  # noqa: N815
    targetRevision: str = "main"  # noqa: N815


class Cluster(Model):
    context: str | None = Field(None, pattern=r"^[^-\s]\S*$", description="Context of the kubeconfig.")
    identity: str | None = Field(
        None, description="UID of namespace kube-system; written by `platformctl cluster pin`."
    )


class Defaults(Model):
    all: Name | None = Field(None, description="The environment of a bare `platformctl all`.")
    rollback: Name | None = Field(None, description="The environment of a bare `platformctl rollback`.")
    timeout: Duration = Field("10m", description="How long one release may take to become ready.")
    historyMax: int = Field(10, ge=2, description="Revisions that helm keeps of a release.")  # noqa: N815
    stableFor: Duration = Field("10s", description="How long a release must stay ready before it counts.")  # noqa: N815


class RegistryAuth(Model):
    """Where the user name and password come from: exactly one of the three. Never the command line."""

    env: list[str] | None = Field(None, min_length=2, max_length=2, description="Names of two variables.")
    file: str | None = Field(None, description="A file of two lines: user name, password.")
    command: list[str] | None = Field(None, min_length=1, description="A program that prints two lines.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.env, self.file, self.command)) != 1:
            raise ValueError("exactly one of env, file and command")
        return self


class Registry(Model):
    auth: RegistryAuth | None = None
    caFile: str | None = Field(None, description="Certificate authority of the registry, PEM.")  # noqa: N815


class RequiredSecret(Model):
    name: NamespaceName
    keys: list[str] = Field(default_factory=list)
    type: str = "Opaque"
    hint: str | None = Field(None, description="How to make it; shown when it is missing.")


class Requires(Model):
    """What must exist and is not ours to make; checked before the first write."""

    crds: list[str] = Field(default_factory=list, examples=[["externalsecrets.external-secrets.io"]])
    secrets: list[RequiredSecret] = Field(default_factory=list)
    ingressClasses: list[str] = Field(default_factory=list)  # noqa: N815
    storageClasses: list[str] = Field(default_factory=list)  # noqa: N815
    kubernetes: str | None = Field(None, pattern=r"^>=\d+\.\d+$", examples=[">=1.25"])


class HttpGate(Model):
    url: str = Field(pattern=r"^https?://\S+$")
    expect: int = 200
    within: Duration = "2m"


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
    within: Duration = Field("3m", description="How long it may take.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (
            sum(kind is not None for kind in (self.crd, self.accepts, self.http, self.job, self.helmTest))
            != 1
        ):
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
    PLATFORMCTL = "platformctl"  # helm applies, platformctl decides readiness from the API
    HELM = "helm"  # for a chart whose post-install hooks need running pods


class OnFailure(StrEnum):
    KEEP = "keep"
    RELEASE = "rollback-release"
    CONNECTED = "rollback-connected"
    RUN = "rollback-run"


class Layer(StrEnum):
    CLUSTER_SERVICES = "cluster-services"
    DEVELOPMENT_TOOLS = "development-tools"


class _Deployable(Model):
    """What libraries and applications have in common."""

    needs: list[Name] = Field(default_factory=list, description="What must be deployed and healthy first.")
    requires: Requires = Field(default_factory=Requires)
    timeout: Duration | None = None
    wait: Wait = Wait.PLATFORMCTL
    parameters: dict[str, str] = Field(
        default_factory=dict, description="Given to helm and to Argo CD alike."
    )
    formerly: Name | None = Field(None, description="The name before a rename.")


class Library(_Deployable):
    """A cluster service or a development tool."""

    layer: Layer
    chart: ChartRef | None = None
    values: list[FilePath] = Field(default_factory=list, description="Lowest precedence first.")
    namespace: Namespace | None = None
    releaseName: Name | None = Field(None, description="Default: the name in the catalog.")  # noqa: N815
    gates: list[Gate] = Field(default_factory=list)
    managed: bool = Field(True, description="false: must be there, is not ours; checked, never changed.")

    @model_validator(mode="after")
    def _managed_has_a_chart(self) -> Self:
        if self.managed and (self.chart is None or self.namespace is None):
            raise ValueError("a managed library needs chart and namespace")
        if not self.managed and (self.chart or self.values or self.gates):
            raise ValueError(
                "managed: false takes neither chart, values nor gates; say what must exist under requires"
            )
        return self


class Image(Model):
    """Which values hold an image, as key paths."""

    repository: str = "image.repository"
    tag: str = "image.tag"
    digest: str | None = None


class Barrier(Model):
    hook: str


class RollbackPolicy(Model):
    automatic: bool = True
    barrier: Barrier | None = None


class ApplicationEnvironment(Model):
    """What an application has of its own in one environment."""

    values: list[FilePath] = Field(default_factory=list, description="Lowest precedence first.")
    parameters: dict[str, str] = Field(default_factory=dict)
    sync: Sync = Field(default_factory=Sync)
    timeout: Duration | None = None
    gates: list[Gate] = Field(default_factory=list)
    requires: Requires = Field(default_factory=Requires)
    namespace: Namespace | None = None
    releaseName: Name | None = None  # noqa: N815


class Application(_Deployable):
    chart: ChartRef
    namespace: Namespace | None = Field(None, description="Default: the environment's.")
    images: dict[str, Image] = Field(default_factory=dict)
    rollback: RollbackPolicy = Field(default_factory=RollbackPolicy)
    sync: Sync = Field(default_factory=Sync)
    argocd: ArgoApplication = Field(default_factory=ArgoApplication)
    environments: dict[Name, ApplicationEnvironment] = Field(min_length=1)
    releaseName: str | None = Field(  # noqa: N815
        None, pattern=r"^[-a-z0-9{}]+$", description="Default: {app}-{env}.", examples=["plate-ingress-{env}"]
    )


class SourceGuard(Model):
    """What the commit must be before a protected environment is changed."""

    clean: bool = False
    pushed: bool = False
    branch: str | None = None


class Delivery(Model):
    argocd: Literal["follow", "promote"] = "follow"
    ref: str | None = None


class Environment(Model):
    aliases: list[Name] = Field(default_factory=list)
    cluster: Name | None = None
    namespace: Namespace
    protected: bool = Field(
        False, description="Confirmation, backup, pinned cluster, clean and pushed commit."
    )
    source: SourceGuard = Field(default_factory=SourceGuard)
    onFailure: OnFailure = OnFailure.RELEASE  # noqa: N815
    sync: Sync = Field(default_factory=Sync)
    delivery: Delivery = Field(default_factory=Delivery)


class Metadata(Model):
    name: Name


class Platform(Model):
    """The whole catalog, after its includes."""

    apiVersion: Literal["platformctl.dev/v1alpha1"]  # noqa: N815
    kind: Literal["Platform"]
    metadata: Metadata
    include: list[FilePath] = Field(
        default_factory=list, description="More files of this kind, as globs beside this one."
    )
    git: Git | None = None
    argocd: ArgoCD | None = None
    clusters: dict[Name, Cluster] = Field(default_factory=dict)
    defaults: Defaults = Field(default_factory=Defaults)
    registries: dict[str, Registry] = Field(default_factory=dict)
    environments: dict[Name, Environment] = Field(default_factory=dict)
    libraries: dict[Name, Library] = Field(default_factory=dict)
    applications: dict[Name, Application] = Field(default_factory=dict)
