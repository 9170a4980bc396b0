"""Every case file says a catalog, a cluster, and the whole plan that follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.case_files import CASES, plan_of, read_case, shown


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = read_case(path)
    expected = {"rows": [], "steps": [], "blockers": [], "warnings": [], **case["expect"]}

    assert shown(plan_of(case)) == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_same_inputs_give_the_same_plan_whatever_their_order(path: Path) -> None:
    case = read_case(path)

    assert plan_of(case) == plan_of(case)
    assert plan_of(case, backwards=True) == plan_of(case)
