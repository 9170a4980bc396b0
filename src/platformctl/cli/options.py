"""Options that every command takes, before and after its name. Declared once, here.

`with_globals` adds them to a command's signature and hands the command one `Globals` value. A value that is None was
not given; what stands after the command wins over what stands before it, and both over variables and settings files.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from typing import Annotated, Any, Final

import typer

PANEL: Final = "Global options"


@dataclass(frozen=True, slots=True)
class Globals:
    """What the global options say; None: not given."""

    file: str | None = None
    context: str | None = None
    kubeconfig: str | None = None
    sandbox: bool | None = None
    dry_run: bool | None = None
    dry_run_mode: str | None = None
    strict: bool | None = None
    yes: bool | None = None
    no_input: bool | None = None
    output: str | None = None
    timeout: str | None = None
    deadline: str | None = None
    parallel: int | None = None
    chart_mirror: str | None = None
    chart_mirror_match: str | None = None
    backup_dir: str | None = None
    detailed_exitcode: bool | None = None
    no_color: bool | None = None
    verbose: bool | None = None
    quiet: bool | None = None

    def over(self, other: Globals) -> Globals:
        """This one where it says something, else the other."""
        said = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        return replace(other, **said)


def _option(*names: str, text: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=text, metavar=metavar, rich_help_panel=PANEL, show_default=False)


# name of the field → type, names of the option, help
_OPTIONS: Final[dict[str, Any]] = {
    "file": Annotated[str | None, _option("--file", "-f", metavar="CATALOG", text="The catalog; default environments/platform.yaml.")],
    "context": Annotated[str | None, _option("--context", "--kube-context", metavar="NAME", text="Context of the kubeconfig.")],
    "kubeconfig": Annotated[str | None, _option("--kubeconfig", metavar="FILE", text="Kubeconfig to read.")],
    "sandbox": Annotated[bool | None, _option("--sandbox", text="Work on the built-in throwaway control plane.")],
    "dry_run": Annotated[bool | None, _option("--dry-run/--no-dry-run", text="Plan and check; change nothing.")],
    "dry_run_mode": Annotated[str | None, _option("--dry-run-mode", metavar="auto|client|server", text="How a dry run uses the cluster.")],
    "strict": Annotated[bool | None, _option("--strict", text="A chart that is not at hand is an error (6).")],
    "yes": Annotated[bool | None, _option("--yes", "-y", text="Answers the questions of unprotected environments.")],
    "no_input": Annotated[bool | None, _option("--no-input", text="Never ask; what needs an answer ends with 13.")],
    "output": Annotated[str | None, _option("--output", "-o", metavar="table|json|yaml|jsonl", text="Form of the result.")],
    "timeout": Annotated[str | None, _option("--timeout", metavar="10m", text="How long one release may take.")],
    "deadline": Annotated[str | None, _option("--deadline", metavar="30m", text="How long the whole run may take.")],
    "parallel": Annotated[int | None, _option("--parallel", metavar="N", text="Releases at a time; default: cores.")],
    "chart_mirror": Annotated[str | None, _option("--chart-mirror", metavar="DIR|URL", text="Where all remote charts come from instead.")],
    "chart_mirror_match": Annotated[str | None, _option("--chart-mirror-match", metavar="exact|nearest", text="nearest: the closest version (sandbox only).")],
    "backup_dir": Annotated[str | None, _option("--backup-dir", metavar="DIR", text="Where backups go; default backups/ of the repository.")],
    "detailed_exitcode": Annotated[bool | None, _option("--detailed-exitcode", text="plan and diff: 2 when changes are pending.")],
    "no_color": Annotated[bool | None, _option("--no-color", text="No colours.")],
    "verbose": Annotated[bool | None, _option("--verbose", "-v", text="Say more.")],
    "quiet": Annotated[bool | None, _option("--quiet", "-q", text="Only errors and results.")],
}  # fmt: skip


def with_globals(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the global options. Its first parameter must be `globals_: Globals`."""

    @wraps(command)
    def wrapper(ctx: typer.Context, **given: Any) -> None:
        own = Globals(**{name: given.pop(name) for name in _OPTIONS})
        before = ctx.obj if isinstance(ctx.obj, Globals) else Globals()
        merged = own.over(before)
        command(merged, **({"ctx": ctx} if wants_context else {}), **given)

    signature = inspect.signature(command, eval_str=True)
    wants_context = "ctx" in signature.parameters
    parameters = [
        inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *[p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, p in signature.parameters.items() if name not in ("globals_", "ctx")],
        *[inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=None) for name, kind in _OPTIONS.items()],
    ]  # fmt: skip
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def keeps_globals(group: typer.Typer) -> None:
    """Lets the global options stand before the command of a group as well: `charts --dry-run pin`."""

    @group.callback()
    @with_globals
    def keep(globals_: Globals, ctx: typer.Context) -> None:
        ctx.obj = globals_


def option_types() -> dict[str, type]:
    """The name of each global option, with _ for -, and the type of its value."""
    return {name: kind.__origin__.__args__[0] for name, kind in _OPTIONS.items()}


def from_environment(environ: dict[str, str]) -> Globals:
    """`PLATFORMCTL_<OPTION>` for each global option. Raises typer.BadParameter for a value that is none."""
    found: dict[str, Any] = {}
    for name, wanted in option_types().items():
        text = environ.get(f"PLATFORMCTL_{name.upper()}")
        if not text:
            continue
        try:
            found[name] = _truth(text) if wanted is bool else wanted(text)
        except ValueError:
            raise typer.BadParameter(
                f"PLATFORMCTL_{name.upper()}={text!r} is not a {wanted.__name__}"
            ) from None
    return Globals(**found)


def _truth(text: str) -> bool:
    match text.lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
        case _:
            raise ValueError(text)
