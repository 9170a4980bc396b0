"""What case files cannot say: errors, options that reach into steps, and what one plan tells the next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from platformctl.catalog.models import Gate, Requires
from platformctl.errors import DesiredStateError, UsageError
from platformctl.plan.deploy import coming_from
from platformctl.plan.requirements import Coming
from platformctl.plan.steps import Action, ApplyRelease, AwaitReady, PassGate
from platformctl.render.models import NotRendered
from tests.support.builders import (
    CLUSTER,
    chart_at,
    desired,
    kube_object,
    live_like,
    live_state,
    planned,
    rendered,
    scope,
)


def test_an_unknown_target_is_a_usage_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        planned(scope(desired("plate-web")), live_state(), targets=frozenset({"plate-wbe"}))

    assert caught.value.message == 'plan stg: there is no release plate-wbe (did you mean "plate-web"?)'


def test_a_cycle_is_refused() -> None:
    releases = [desired("a", needs=["b"]), desired("b", needs=["a"])]

    with pytest.raises(DesiredStateError, match="a → b → a"):
        planned(scope(*releases), live_state(), rendered("a"), rendered("b"))


def test_options_reach_the_steps() -> None:
    gate = Gate.model_validate({"helmTest": True})
    plan = planned(
        scope(desired("web", gates=[gate])),
        live_state(),
        rendered(),
        timeout_s=90.0,
        stable_for_s=3.0,
        history_max=4,
    )

    apply, ready, test = plan.steps
    assert isinstance(apply, ApplyRelease)
    assert (apply.release.timeout_s, apply.history_max, apply.from_revision) == (90.0, 4, 0)
    assert isinstance(ready, AwaitReady)
    assert (ready.timeout_s, ready.stable_for_s) == (90.0, 3.0)
    assert isinstance(test, PassGate)
    assert test.gate is gate


def test_a_health_check_of_what_does_not_change_asks_for_no_stable_time() -> None:
    api, web = rendered("api"), rendered("web", values={"a": 1})
    plan = planned(
        scope(desired("web", needs=["api"]), desired("api")),
        live_state(live_like(api)),
        api,
        web,
        stable_for_s=10.0,
    )

    check = plan.steps[0]
    assert isinstance(check, AwaitReady)
    assert (check.key, check.stable_for_s) == ("api", 0.0)


def test_a_record_that_platformctl_made_is_not_parsed_while_its_inputs_are_the_same() -> None:
    def refuse(text: str, namespace: str) -> tuple[()]:
        raise AssertionError("nothing had to be read")

    render = rendered(objects=None)

    assert planned(scope(desired()), live_state(live_like(render)), render, parse=refuse).empty


def test_what_is_coming_are_the_written_releases_and_what_their_objects_make() -> None:
    crd = kube_object(
        "CustomResourceDefinition", "certs.example.org", api_version="apiextensions.k8s.io/v1", namespace=""
    )
    certs, there = rendered("certs", objects=[crd, kube_object("Secret", "ca")]), rendered("there")
    plan = planned(
        scope(desired("certs", scope="libraries"), desired("there", scope="libraries"), name="libraries"),
        live_state(live_like(there, "there")),
        certs,
        there,
    )

    assert coming_from(plan, {"certs": certs, "there": there}) == Coming(
        libraries=frozenset({"certs"}),
        crds=frozenset({"certs.example.org"}),
        secrets=frozenset({("plate-stg", "ca")}),
    )


def test_what_a_chart_has_under_crds_counts_as_coming_by_its_group() -> None:
    web = desired(
        "web", needs=["es"], requires=Requires.model_validate({"crds": ["stores.es.io", "other.example.org"]})
    )
    es = replace(rendered("es"), apis=frozenset({"es.io/v1", "es.io/v1/Store"}))

    assert planned(scope(web, desired("es")), live_state(), es, rendered()).blockers == (
        "web-stg needs CRD other.example.org, which does not exist; what brings it goes first:  platformctl libraries",
    )


def test_rows_carry_the_diff_only_where_something_would_change() -> None:
    render = rendered(objects=[kube_object(data={"a": "1"})])

    (new,) = planned(scope(desired()), live_state(), render).releases
    (same,) = planned(scope(desired()), live_state(live_like(render)), render).releases

    assert [each.id.name for each in new.diff] == ["web"]
    assert same.diff == ()


def test_what_is_unchanged_and_yet_not_ready_is_waited_for_again() -> None:
    web = rendered("web")
    record = live_like(web)
    live = replace(live_state(record), unready={record.id: "Deployment web: 0 of 1 available"})
    plan = planned(scope(desired("web")), live, web)

    assert [(type(step), step.id) for step in plan.steps] == [(AwaitReady, "ready:web")]
    assert plan.row("web").action is Action.UNCHANGED
    assert plan.row("web").reasons == ("not ready: Deployment web: 0 of 1 available",)
    assert not plan.empty


def test_a_library_whose_chart_is_not_at_hand_may_bring_what_is_missing() -> None:
    charts = scope(desired("certs"), name="libraries")
    coming = coming_from(
        planned(charts, live_state(), NotRendered("certs", "no network"), allow_not_rendered=True), {}
    )
    requires = Requires(crds=["certificates.example.com"])
    plan = planned(
        scope(desired("web", requires=requires)),
        live_state(),
        rendered("web"),
        coming=coming,
        allow_not_rendered=True,
    )

    assert (coming.libraries, coming.unseen) == ({"certs"}, True)
    assert plan.blockers == ()
    assert "certificates.example.com" in plan.warnings[0]
    assert "chart is not at hand" in plan.warnings[0]


def test_the_nearest_charts_leave_out_what_they_lack_but_not_what_needs_it() -> None:
    lacking = NotRendered("certs", "chart not at hand: not in mirror")
    wanted = scope(desired("certs"), desired("web"), desired("issuers", needs=["certs"]))
    plan = planned(
        wanted, live_state(), lacking, rendered("web"), rendered("issuers"), leave_out_not_rendered=True
    )
    assert plan.warnings == ("certs-stg is left out: its chart is not at hand: not in mirror",)
    assert len(plan.blockers) == 1
    assert "issuers-stg needs certs-stg, which is not deployed" in plan.blockers[0]

    alone = planned(
        scope(desired("certs"), desired("web")),
        live_state(),
        lacking,
        rendered("web"),
        leave_out_not_rendered=True,
    )
    assert alone.blockers == ()
    assert [row.key for row in alone.changes] == ["web"]


@pytest.mark.parametrize(
    ("protected", "sandbox", "pinned", "refused"),
    [
        (True, False, False, True),
        (True, False, True, False),
        (True, True, False, False),
        (False, False, False, False),
    ],
)
def test_what_is_protected_gets_no_chart_that_is_not_pinned(
    protected: bool, sandbox: bool, pinned: bool, refused: bool
) -> None:
    live = live_state()
    live = replace(live, identity=replace(CLUSTER, sandbox=sandbox))
    render = rendered("web", chart=chart_at("web", pinned=pinned))
    plan = planned(scope(desired("web"), protected=protected), live, render)

    said = "web-stg: its chart web 0.1.0 is not pinned, and stg is protected; pin it:  platformctl charts pin"
    assert plan.blockers == ((said,) if refused else ())


def test_a_chart_that_is_not_pinned_is_no_obstacle_while_its_release_does_not_change() -> None:
    render = rendered("web", chart=chart_at("web", pinned=False))

    assert (
        planned(scope(desired("web"), protected=True), live_state(live_like(render)), render).blockers == ()
    )
