"""What the command line and the catalog's defaults say about a deploy. A frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from platformctl.plan.requirements import Coming


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """`targets` are keys, None for the whole scope; `excluded` wins over them. `upgrade_existing=False` installs what is
    missing and only lists what would change. `allow_not_rendered` is for dry runs: a chart that is not at hand is then
    a warning. `leave_out_not_rendered`, on the sandbox with the nearest charts, deploys the rest without those; what
    needs one of them is still stopped. `stable_for_s` is what each release waits by itself; the window of the whole run
    is its health phase. `timeout_s` overrides that of every release. `coming` is what an earlier transaction of the same
    command brings (`all`: the libraries).
    """

    targets: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    with_needs: bool = False
    upgrade_existing: bool = True
    allow_not_rendered: bool = False
    leave_out_not_rendered: bool = False
    history_max: int = 10
    stable_for_s: float = 0.0
    timeout_s: float | None = None
    coming: Coming = field(default_factory=Coming)
