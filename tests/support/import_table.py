"""The import table of the design as data, and the checker that reads a module's source against it.

The words are the design's: a *package* is a folder below platformctl, or a module that stands alone there.
`"catalog"` grants a whole package, `"catalog.models"` one module of it. Everything may import its own package.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Set
from typing import Final

VALUES: Final = {  # the value modules of the stages: frozen data, no work
    "catalog": ("catalog.models", "catalog.desired", "catalog.durations"),
    "live": ("live.state",),
    "render": ("render.models",),
    "plan": ("plan.steps",),
    "run": ("run.events", "run.result"),
    "backup": ("backup.models",),
    "argocd": ("argocd.models", "argocd.ownership"),
}
EVERY_STAGE: Final = (
    "catalog",
    "charts",
    "live",
    "render",
    "plan",
    "run",
    "report",
    "tools",
    "backup",
    "argocd",
)

MAY_IMPORT: Final[dict[str, tuple[str, ...]]] = {
    "__about__": (),
    "errors": (),
    "catalog": ("errors",),
    "tools": ("errors",),
    "charts": (*VALUES["catalog"], "tools", "errors"),
    "live": (*VALUES["catalog"], "tools", "errors"),
    "render": ("catalog", "charts", "live.state", "tools", "errors"),
    "backup": ("live.state", "tools", "errors"),
    "argocd": ("catalog", "live.state", "render.models", "errors"),
    "argocd.actions": ("catalog", "live.state", "render.models", "errors", "tools"),
    "plan": (
        *VALUES["catalog"],
        "live.state",
        "render.models",
        "backup.models",
        "argocd.ownership",
        "errors",
    ),
    "run": (*VALUES["catalog"], "live", "plan", "tools", "backup", "argocd", "errors"),
    "report": (*(module for modules in VALUES.values() for module in modules), "errors"),
    "legacy": (*VALUES["catalog"], "errors"),
    "sandbox": ("tools", "errors"),
    "session": ("tools", "errors"),
    "pipeline": (*EVERY_STAGE, "session", "errors"),
    "cli": (*EVERY_STAGE, "legacy", "sandbox", "session", "pipeline", "errors"),
    "__main__": ("cli",),
}

# What the code needs beyond the letter of the design's table, each with its reason; a test refuses a stale one.
BEYOND: Final[dict[str, dict[str, str]]] = {
    "backup": {"live.records": "a backup holds helm's records, and what a record is stands in one place"},
    "run": {
        "render.models": "a Plan that is carried out holds rendered releases and object ids: values, no work"
    },
}

# One library, one home. A library that is not here has no home yet: it gets one in a change of this table.
HOMES: Final[dict[str, tuple[str, ...]]] = {
    "typer": ("cli",),
    "rich": ("report", "cli"),
    "jinja2": ("report",),
    "sh": ("tools.process",),
    "yaml": (
        "catalog.yaml",
        "catalog.guard",
        "catalog.scalars",
        "catalog.positions",
    ),  # the parts of one loader
    "pydantic": ("catalog",),
    "pydantic_core": ("catalog",),  # where pydantic keeps the types of its errors
    "tenacity": ("charts", "live", "run", "tools"),
    "platformdirs": ("cli",),
}

# Starting a process is the business of tools/process.py, and of nothing else, by whatever name.
PROCESS_MODULES: Final = frozenset({"subprocess", "multiprocessing", "pty", "popen2", "_posixsubprocess"})
PROCESS_CALLS: Final = ("fork", "forkpty", "exec", "spawn", "posix_spawn", "system", "popen", "startfile")
PROCESS_HOME: Final = "tools.process"

# A plan is a function of its arguments: no clock, disk, randomness or thread.
PURE: Final = "plan"
IMPURE_MODULES: Final = frozenset(
    {"asyncio", "glob", "io", "os", "random", "secrets", "shutil", "signal", "socket", "tempfile", "threading", "time",
     "urllib", "uuid", "http", "queue", "concurrent", "platform", "getpass"}
)  # fmt: skip
IMPURE_CALLS: Final = frozenset(
    {"open", "now", "utcnow", "today", "read_text", "read_bytes", "write_text", "write_bytes", "exists", "is_file",
     "is_dir", "iterdir", "rglob", "mkdir", "unlink", "resolve", "cwd", "home", "stat"}
)  # fmt: skip

MAY_PRINT: Final = ("report", "cli", "__main__")
MAY_EXIT: Final = ("cli", "__main__")
MAY_IMPORT_BY_NAME: Final = ("cli",)


def violations(module: str, source: str, known: Set[str]) -> list[str]:
    """What `source`, the text of `platformctl.<module>`, does that the design forbids: `line: what`, in order.

    `module` is dotted and without the leading `platformctl.`; a package is named by its folder, with `known` the
    names of all modules and packages, to tell `from x import module` from `from x import name`.
    """
    tree = ast.parse(source)
    found = [(line, text) for line, name in _imports(tree, known) for text in _check_import(module, name)]
    found += [(line, text) for line, text in _calls(tree, module)]
    return [f"{line}: {text}" for line, text in sorted(set(found))]


def modules_imported(source: str, known: Set[str]) -> set[str]:
    """The modules of ours that `source` imports, without the leading `platformctl.`."""
    prefix = "platformctl."
    return {
        name.removeprefix(prefix) for _, name in _imports(ast.parse(source), known) if name.startswith(prefix)
    }


def _imports(tree: ast.AST, known: Set[str]) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of each module that the source names in an import, also inside functions."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=base, names=names, level=level):
                for alias in names:
                    deeper = f"{base}.{alias.name}"
                    is_module = deeper.removeprefix("platformctl.") in known
                    yield node.lineno, "." * level + (deeper if is_module else str(base or ""))


def _check_import(module: str, name: str) -> Iterator[str]:
    top = name.partition(".")[0]
    if not top:
        yield "imports by a relative name: written in full, a reader and this table see where it points"
    elif top == "platformctl":
        yield from _check_ours(module, name.removeprefix("platformctl").removeprefix("."))
    elif top in PROCESS_MODULES:
        if module != PROCESS_HOME:
            yield f"imports {name}: only {PROCESS_HOME} starts processes"
    elif top in sys.stdlib_module_names:
        if _is_in(module, PURE) and top in IMPURE_MODULES:
            yield f"imports {name}: {PURE} is pure"
    elif top not in HOMES:
        yield f"imports {name}: a library without a home"
    elif not any(_is_in(module, home) for home in HOMES[top]):
        yield f"imports {name}: its home is {', '.join(HOMES[top])}"


def _check_ours(module: str, target: str) -> Iterator[str]:
    package = module.partition(".")[0]
    granted = MAY_IMPORT.get(module, MAY_IMPORT.get(package))
    if granted is None:
        yield f"{package} does not stand in the import table"
    elif not _any(target, (*granted, *BEYOND.get(package, ()), package, "__about__")):
        yield f"imports {target or 'platformctl'}: {package} may not"


def _calls(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print")) if not _any(module, MAY_PRINT):
                yield node.lineno, "prints"
            case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr") if not _any(
                module, MAY_PRINT
            ):
                yield node.lineno, f"uses sys.{node.attr}"
            case (
                ast.Call(func=ast.Name(id="exit" | "quit"))
                | ast.Raise(exc=ast.Name(id="SystemExit") | ast.Call(func=ast.Name(id="SystemExit")))
            ) if not _any(module, MAY_EXIT):
                yield node.lineno, "exits"
            case ast.Attribute(value=ast.Name(id="sys"), attr="exit") if not _any(module, MAY_EXIT):
                yield node.lineno, "exits"
            case ast.Attribute(value=ast.Name(id="os"), attr=attr) if (
                attr.startswith(PROCESS_CALLS) and module != PROCESS_HOME
            ):
                yield node.lineno, f"uses os.{attr}: only {PROCESS_HOME} starts processes"
            case ast.Attribute(attr="import_module") | ast.Name(id="__import__" | "import_module") if (
                not _any(module, MAY_IMPORT_BY_NAME)
            ):
                yield node.lineno, "imports by name, which this table cannot read"
            case ast.Call(func=ast.Attribute(attr=attr) | ast.Name(id=attr)) if (
                attr in IMPURE_CALLS and _is_in(module, PURE)
            ):
                yield node.lineno, f"calls {attr}(): {PURE} is pure"
        if isinstance(node, ast.ImportFrom) and node.module in {"os", "sys", "importlib"}:
            yield from _hidden_names(node, module)


def _hidden_names(node: ast.ImportFrom, module: str) -> Iterator[tuple[int, str]]:
    """`from os import execv` would take the call out of sight of the rules above."""
    for alias in node.names:
        process = node.module == "os" and alias.name.startswith(PROCESS_CALLS) and module != PROCESS_HOME
        stream = node.module == "sys" and alias.name in {"stdout", "stderr"} and not _any(module, MAY_PRINT)
        leaves = node.module == "sys" and alias.name == "exit" and not _any(module, MAY_EXIT)
        if process or stream or leaves:
            yield node.lineno, f"takes {alias.name} out of {node.module}"


def _any(module: str, packages: tuple[str, ...]) -> bool:
    return any(_is_in(module, package) for package in packages)


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
