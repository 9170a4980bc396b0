"""The wrong cluster is refused, whatever its context is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from platformctl.catalog.models import Cluster
from platformctl.errors import GuardError
from platformctl.live.state import ClusterIdentity
from platformctl.run.guards import check_cluster
from tests.support.builders import desired, live_state, planned, rendered, scope

FILE = Path("/repository/environments/platform.yaml")
HOME = ClusterIdentity("home", "https://127.0.0.1:6443", "uid-1", "v1.37.2")


def check(
    *, protected: bool, pinned: str | None, identity: ClusterIdentity = HOME, empty: bool = False
) -> None:
    wanted = replace(
        scope(desired("web")),
        protected=protected,
        cluster_name="home",
        cluster=Cluster(context="home", identity=pinned),
    )
    plan = planned(wanted, live_state(identity=identity), rendered("web"))
    check_cluster(wanted, replace(plan, steps=()) if empty else plan, FILE)


def test_another_cluster_behind_the_right_name_is_refused() -> None:
    with pytest.raises(GuardError, match=r"uid-1.*than the catalog pins for home.*uid-2"):
        check(protected=False, pinned="uid-2")


def test_a_protected_environment_whose_cluster_is_not_pinned_is_refused_with_what_to_write() -> None:
    with pytest.raises(GuardError) as caught:
        check(protected=True, pinned=None)
    assert caught.value.exit_code == 7
    assert "platformctl cluster pin stg" in (caught.value.hint or "")


@pytest.mark.parametrize(("protected", "pinned"), [(True, None), (True, "uid-1"), (False, "uid-1")])
def test_a_cluster_whose_identity_may_not_be_read_is_not_called_another_one(
    protected: bool, pinned: str | None
) -> None:
    with pytest.raises(GuardError, match="is not known: namespace kube-system may not be read"):
        check(protected=protected, pinned=pinned, identity=replace(HOME, uid=""))


def test_the_pinned_cluster_an_unprotected_one_the_sandbox_and_an_empty_plan_pass() -> None:
    check(protected=True, pinned="uid-1")
    check(protected=False, pinned=None)
    check(protected=True, pinned="uid-2", identity=replace(HOME, sandbox=True))
    check(protected=True, pinned=None, empty=True)
