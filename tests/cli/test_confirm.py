"""The question before a protected environment: only its name answers it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from platformctl.cli.confirm import require_answerable, typed_name, yes_or_no
from platformctl.errors import NotConfirmedError


def answers(text: str) -> Callable[[str], str]:
    return lambda _: text


def never(_: str) -> str:
    raise AssertionError("nobody may be asked")


def test_the_typed_name_goes_on() -> None:
    typed_name("prod", None, able_to_ask=True, ask=answers("prod\n"))


@pytest.mark.parametrize("answer", ["", "\n", "yes", "y", "PROD", "prod1", "stg"])
def test_anything_else_stops(answer: str) -> None:
    with pytest.raises(NotConfirmedError, match="nothing was changed"):
        typed_name("prod", None, able_to_ask=True, ask=answers(answer))


def test_confirm_with_the_name_answers_without_asking() -> None:
    typed_name("prod", "prod", able_to_ask=False, ask=never)


def test_confirm_with_another_name_stops_before_asking() -> None:
    with pytest.raises(NotConfirmedError, match='--confirm says "stg"'):
        typed_name("prod", "stg", able_to_ask=True, ask=never)


def test_the_libraries_are_looked_at_by_their_own_name_and_confirmed_by_their_clusters() -> None:
    with pytest.raises(NotConfirmedError) as caught:
        require_answerable("home", None, able_to_ask=False, scope="libraries")
    assert caught.value.message.startswith("change libraries: it is protected")
    assert "platformctl plan libraries   then  --confirm home" in (caught.value.hint or "")


def test_without_a_terminal_it_neither_hangs_nor_means_yes() -> None:
    with pytest.raises(NotConfirmedError, match="no terminal") as caught:
        typed_name("prod", None, able_to_ask=False, ask=never)
    assert caught.value.exit_code == 13
    assert "--confirm prod" in (caught.value.hint or "")


def test_yes_answers_only_the_unprotected_question() -> None:
    yes_or_no("Roll back?", True, able_to_ask=False, ask=never)
    with pytest.raises(NotConfirmedError):
        yes_or_no("Roll back?", None, able_to_ask=False, ask=never)
    with pytest.raises(NotConfirmedError, match="declined"):
        yes_or_no("Roll back?", None, able_to_ask=True, ask=answers("n"))
    yes_or_no("Roll back?", None, able_to_ask=True, ask=answers("Y\n"))
