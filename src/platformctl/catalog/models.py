"""The catalog file as typed values: what a platform is, in the words of helm, kubectl and Argo CD.

These models are the schema: `platformctl schema` prints them, the loader checks a file against them, and everything
else reads them. Nothing here touches a disk. Paths keep Argo CD's rule: a plain path is relative to the chart, a
leading `/` means the root of the repository.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from platformctl.catalog.argo import (
    ArgoApplication,
    ArgoApplicationHere,
    ArgoCD,
    ArgoRoot,
    Backoff,
    Git,
    IgnoreDifference,
    Retry,
    Sync,
)
from platformctl.catalog.base import (
    NOT_AN_OPTION,
    Deadline,
    Duration,
    FilePath,
    Model,
    Name,
    NamespaceName,
    ValueKey,
)
from platformctl.catalog.parts import (
    ChartRef,
    Cluster,
    Gate,
    HttpGate,
    Layer,
    Namespace,
    OnFailure,
    Registry,
    RegistryAuth,
    RequiredSecret,
    Requires,
    Wait,
)

__all__ = [
    "API_VERSION", "LIBRARIES", "Application", "ApplicationEnvironment", "ArgoApplication",
    "ArgoApplicationHere", "ArgoCD", "ArgoRoot", "Backoff", "Barrier", "ChartRef", "Cluster", "Defaults", "Delivery", "Duration",
    "Environment", "FilePath", "Gate", "Git", "HttpGate", "IgnoreDifference", "Image", "Layer", "Library",
    "Metadata", "Model", "Name", "Namespace", "NamespaceName", "OnFailure", "Platform", "Registry",
    "RegistryAuth", "RequiredSecret", "Requires", "Retry", "RollbackPolicy", "SourceGuard", "Sync", "Wait",
]  # fmt: skip

API_VERSION: Final = "platformctl.dev/v1alpha1"
LIBRARIES: Final = "libraries"  # the scope of cluster services and tools; no environment may take the name


class Defaults(Model):
    """What holds where nothing else is said."""

    all: Name | None = Field(None, description="The environment of a bare `platformctl all`.")
    rollback: Name | None = Field(None, description="The environment of a bare `platformctl rollback`.")
    timeout: Deadline = Field("10m", description="How long one release may take to become ready.")
    historyMax: int = Field(10, ge=2, description="Revisions that helm keeps of a release.")  # noqa: N815
    stableFor: Duration = Field("10s", description="How long a release must stay ready before it counts.")  # noqa: N815


class _Deployable(Model):
    """What libraries and applications have in common."""

    needs: list[Name] = Field(
        default_factory=list,
        description="What must be deployed and healthy first.",
        examples=[["cert-manager"]],
    )
    requires: Requires = Field(
        default_factory=Requires, description="What must exist and is not ours to make."
    )
    timeout: Deadline | None = Field(None, description="How long it may take to become ready.")
    wait: Annotated[Wait, Field(strict=False)] = Field(
        Wait.PLATFORMCTL,
        description="helm: wait inside helm, for a chart whose post-install hooks need running pods.",
    )
    parameters: dict[ValueKey, str] = Field(
        default_factory=dict,
        description="Single values, as for `helm --set`; given to helm and to Argo CD alike.",
        examples=[{"image.tag": "1.4.2"}],
    )
    gates: list[Gate] = Field(
        default_factory=list, description="Checks that must pass before what needs it may start."
    )
    formerly: Name | None = Field(None, description="The name before a rename.")


class Library(_Deployable):
    """A cluster service or a development tool."""

    layer: Annotated[Layer, Field(strict=False)] = Field(description="Cluster service or development tool.")
    chart: ChartRef | None = Field(None, description="Where its chart comes from.")
    values: list[FilePath] = Field(default_factory=list, description="Values files, lowest precedence first.")
    namespace: Namespace | None = Field(None, description="Where it is installed.")
    releaseName: Name | None = Field(None, description="Default: the name in the catalog.")  # noqa: N815
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

    repository: ValueKey = Field("image.repository", description="Key of the repository.")
    tag: ValueKey = Field("image.tag", description="Key of the tag.")
    digest: ValueKey | None = Field(None, description="Key of the digest.", examples=["image.digest"])


class Barrier(Model):
    """What cannot be undone by going back to an earlier revision."""

    hook: str = Field(description="Hook after which an automatic rollback stops.", examples=["migrate"])


class RollbackPolicy(Model):
    """Whether a failed release may be rolled back without asking."""

    automatic: bool = Field(True, description="false: evidence is gathered, a human decides.")
    barrier: Barrier | None = Field(None, description="Past it, a human decides.")


class ApplicationEnvironment(Model):
    """What an application has of its own in one environment."""

    values: list[FilePath] = Field(default_factory=list, description="Values files, lowest precedence first.")
    parameters: dict[ValueKey, str] = Field(
        default_factory=dict, description="Over the application's parameters."
    )
    sync: Sync = Field(default_factory=Sync, description="Over the application's sync policy.")
    timeout: Deadline | None = Field(None, description="Over the application's timeout.")
    gates: list[Gate] = Field(default_factory=list, description="After the application's gates.")
    requires: Requires = Field(default_factory=Requires, description="Beside what the application requires.")
    namespace: Namespace | None = Field(None, description="In place of the application's.")
    releaseName: Name | None = Field(None, description="In place of the application's.")  # noqa: N815
    argocd: ArgoApplicationHere = Field(
        default_factory=ArgoApplicationHere, description="What differs in its Argo CD Application here."
    )


class Application(_Deployable):
    """Something that is deployed to environments."""

    chart: ChartRef = Field(description="Where its chart comes from.")
    namespace: Namespace | None = Field(None, description="Default: the environment's.")
    images: dict[str, Image] = Field(
        default_factory=dict, description="Which values `platformctl set --image` writes, by a name."
    )
    rollback: RollbackPolicy = Field(
        default_factory=RollbackPolicy, description="Whether it may be rolled back without asking."
    )
    sync: Sync = Field(default_factory=Sync, description="Over the environment's sync policy.")
    argocd: ArgoApplication = Field(
        default_factory=ArgoApplication, description="What its Argo CD Application has of its own."
    )
    environments: dict[Name, ApplicationEnvironment] = Field(
        min_length=1, description="Where it is deployed, and what differs there."
    )
    releaseName: str | None = Field(  # noqa: N815
        None, pattern=r"^[-a-z0-9{}]+$", description="Default: {app}-{env}.", examples=["shop-{env}"]
    )


class SourceGuard(Model):
    """What the commit must be before a protected environment is changed."""

    clean: bool = Field(False, description="Nothing uncommitted.")
    pushed: bool = Field(False, description="The remote has the commit.")
    branch: str | None = Field(
        None, pattern=NOT_AN_OPTION, description="The branch that it is on.", examples=["main"]
    )


class Delivery(Model):
    """How Argo CD delivers after the hand-over."""

    argocd: Literal["follow", "promote"] = Field(
        "follow", description="follow: what is merged; promote: what a deploy moves `ref` to."
    )
    ref: str | None = Field(
        None, pattern=NOT_AN_OPTION, description="Ref that promote moves.", examples=["env/prod"]
    )

    @model_validator(mode="after")
    def _ref_is_for_promote(self) -> Self:
        if (self.argocd == "promote") != (self.ref is not None):
            raise ValueError("argocd: promote needs ref, and only it takes one")
        return self


class Environment(Model):
    """Where applications are deployed: staging, production, …"""

    aliases: list[Name] = Field(
        default_factory=list, description="Other names on the command line.", examples=[["production"]]
    )
    cluster: Name | None = Field(None, description="Name under `clusters`.")
    namespace: Namespace = Field(description="Of applications that name none.")
    protected: bool = Field(
        False, description="Confirmation, backup, pinned cluster, clean and pushed commit."
    )
    source: SourceGuard = Field(default_factory=SourceGuard, description="What the commit must be.")
    onFailure: Annotated[OnFailure, Field(strict=False)] = Field(  # noqa: N815
        OnFailure.RELEASE, description="What is rolled back when a release fails."
    )
    sync: Sync = Field(default_factory=Sync, description="Argo CD's sync policy here.")
    delivery: Delivery = Field(default_factory=Delivery, description="How Argo CD delivers.")


class Metadata(Model):
    """What the platform is called."""

    name: Name = Field(description="Name of the platform.", examples=["example"])


class Platform(Model):
    """The whole catalog, after its includes."""

    apiVersion: Literal["platformctl.dev/v1alpha1"] = Field(description="Version of this format.")  # noqa: N815
    kind: Literal["Platform"] = Field(description="Kind of this file.")
    metadata: Metadata = Field(description="What the platform is called.")
    include: list[FilePath] = Field(
        default_factory=list,
        description="More files of this kind, as globs beside this one (or from the root, with a leading /).",
        examples=[["apps/*.yaml"]],
    )
    git: Git | None = Field(None, description="The repository that Argo CD reads.")
    argocd: ArgoCD | None = Field(None, description="Absent: there is no Argo CD.")
    clusters: dict[Name, Cluster] = Field(default_factory=dict, description="Clusters by name.")
    defaults: Defaults = Field(default_factory=Defaults, description="What holds where nothing else is said.")
    requires: Requires = Field(
        default_factory=Requires, description="What must exist for every release of the platform."
    )
    registries: dict[str, Registry] = Field(
        default_factory=dict, description="Chart repositories and registries by host name."
    )
    environments: dict[Name, Environment] = Field(default_factory=dict, description="Environments by name.")
    libraries: dict[Name, Library] = Field(default_factory=dict, description="Libraries by name.")
    applications: dict[Name, Application] = Field(default_factory=dict, description="Applications by name.")
