"""What the catalog says of Argo CD, in Argo CD's own words (their spelling decides the spelling of the fields here)."""

from __future__ import annotations

from pydantic import Field

from platformctl.catalog.base import NOT_AN_OPTION, Duration, FilePath, Model, Name, NamespaceName


class Backoff(Model):
    """How the time between two tries of a sync grows."""

    duration: Duration = Field(description="Wait before the second try.")
    factor: int | None = Field(
        None, ge=1, description="Each wait is so many times the one before.", examples=[2]
    )
    maxDuration: Duration | None = Field(None, description="No wait is longer.", examples=["3m"])  # noqa: N815


class Retry(Model):
    """What Argo CD does when a sync fails."""

    limit: int = Field(ge=-1, description="Tries after the first; -1 for no end.", examples=[5])
    backoff: Backoff | None = Field(None, description="Waiting between tries; absent: Argo CD's default.")


class Sync(Model):
    """Argo CD's sync policy. A field that is not set is inherited; `retry: null` removes it."""

    prune: bool | None = Field(None, description="Remove from the cluster what left Git.")
    selfHeal: bool | None = Field(None, description="Undo changes that were made by hand.")  # noqa: N815
    retry: Retry | None = Field(None, description="Tries after a failed sync; null: none.")
    revisionHistoryLimit: int | None = Field(  # noqa: N815
        None, ge=0, description="Syncs that Argo CD remembers; absent: its default.", examples=[10]
    )


class IgnoreDifference(Model):
    """Fields that Argo CD does not compare, because something else writes them."""

    group: str | None = Field(None, description="API group of the objects.", examples=["networking.k8s.io"])
    kind: str = Field(description="Kind of the objects.", examples=["Secret"])
    name: str | None = Field(None, description="Only the object of this name.")
    namespace: str | None = Field(None, description="Only objects of this namespace.")
    jsonPointers: list[str] = Field(  # noqa: N815
        default_factory=list, description="Fields as JSON pointers.", examples=[["/data"]]
    )
    jqPathExpressions: list[str] = Field(default_factory=list, description="Fields as jq paths.")  # noqa: N815


class ArgoApplication(Model):
    """What an application's Argo CD Application has of its own."""

    name: Name | None = Field(None, description="Prefix of the Application's name; the environment follows.")
    file: Name | None = Field(None, description="Prefix of the file's name; the environment follows.")
    syncOptions: list[str] | None = Field(  # noqa: N815
        None, description="In place of the platform's.", examples=[["CreateNamespace=false"]]
    )
    ignoreDifferences: list[IgnoreDifference] = Field(  # noqa: N815
        default_factory=list, description="Fields that Argo CD does not compare."
    )
    finalizers: list[str] = Field(
        default_factory=list,
        description="With resources-finalizer.argocd.argoproj.io, deleting the Application deletes what it made.",
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of the Application.")
    syncWave: int | None = Field(  # noqa: N815
        None, description="By hand; one that contradicts needs is an error. Absent: derived from needs."
    )


class ArgoApplicationHere(Model):
    """What differs in one environment; a list stands in place of the application's."""

    syncOptions: list[str] | None = Field(None, description="In place of the application's.")  # noqa: N815
    finalizers: list[str] | None = Field(None, description="In place of the application's.")


class ArgoRoot(Model):
    """The Application that creates all others."""

    name: Name = Field(description="Name of the root Application.", examples=["platform-apps"])
    path: FilePath = Field(
        description="Folder of the Applications, from the root of the repository.",
        examples=["environments/argocd/apps"],
    )


class ArgoCD(Model):
    """The Argo CD that delivers the applications once they have been handed over."""

    namespace: NamespaceName = Field("argocd", description="Namespace that Argo CD runs in.")
    project: str = Field("default", description="AppProject of the Applications.")
    server: str = Field(
        "https://kubernetes.default.svc", description="Cluster that the Applications deploy to."
    )
    root: ArgoRoot | None = Field(None, description="The Application over the folder of Applications.")
    syncOptions: list[str] = Field(  # noqa: N815
        default_factory=list,
        description="Sync options of every Application that says nothing else.",
        examples=[["CreateNamespace=true", "ApplyOutOfSyncOnly=true"]],
    )


class Git(Model):
    """The repository that Argo CD reads."""

    repoURL: str = Field(  # noqa: N815
        pattern=NOT_AN_OPTION,
        description="Its address.",
        examples=["https://github.com/example/platform.git"],
    )
    targetRevision: str = Field(  # noqa: N815
        "main", pattern=NOT_AN_OPTION, description="Branch, tag or commit that is delivered."
    )
