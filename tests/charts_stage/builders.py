"""Small charts, as folders and as archives, and releases that ask for them."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformctl.catalog import yaml
from platformctl.catalog.desired import DesiredRelease
from platformctl.catalog.models import ChartRef, Namespace, Platform, Requires, RollbackPolicy, Wait
from platformctl.charts.lock import Lock, LockKey
from platformctl.charts.models import Match
from platformctl.charts.store import ChartStore, open_store
from platformctl.tools.helm import Helm

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\ndata: {text: hello}\n"


def parse(content: bytes, file: str) -> Any:
    return yaml.parse(content, file, yaml.VALUES).checked()


def chart_yaml(name: str, version: str, more: str = "") -> str:
    return f"apiVersion: v2\nname: {name}\nversion: {version}\n{more}"


def write_chart(
    folder: Path,
    *,
    name: str = "web",
    version: str = "0.1.0",
    templates: Mapping[str, str] | None = None,
    more: str = "",
    files: Mapping[str, str] | None = None,
) -> Path:
    """A chart folder. `more` is added to Chart.yaml."""
    templates = {"config.yaml": CONFIG_MAP} if templates is None else templates
    every = {
        "Chart.yaml": chart_yaml(name, version, more),
        "values.yaml": "{}\n",
        **{f"templates/{path}": text for path, text in templates.items()},
        **(files or {}),
    }
    for path, text in every.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def pack(name: str = "web", version: str = "0.1.0", *, text: str = CONFIG_MAP, more: str = "") -> bytes:
    """A chart as the bytes of a .tgz; the same bytes for the same arguments."""
    files = {
        "Chart.yaml": chart_yaml(name, version, more),
        "values.yaml": "{}\n",
        "templates/config.yaml": text,
    }
    return pack_files({f"{name}/{path}": content.encode() for path, content in files.items()})


def pack_files(files: Mapping[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(folder: Path, name: str, version: str, content: bytes | None = None) -> bytes:
    """A .tgz in a folder; its bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    content = pack(name, version) if content is None else content
    (folder / f"{name}-{version}.tgz").write_bytes(content)
    return content


def remote(repository: str, name: str = "web", version: str = "0.1.0") -> DesiredRelease:
    return desired(ChartRef(repository=repository, name=name, version=version), None, key=name)


def local(root: Path, folder: Path) -> DesiredRelease:
    return desired(ChartRef(path=f"/{folder.relative_to(root)}"), folder, key=folder.name)


def desired(chart: ChartRef, folder: Path | None, *, key: str = "web", **more: Any) -> DesiredRelease:
    settings: dict[str, Any] = {
        "scope": "stg", "key": key, "name": f"{key}-stg", "namespace": Namespace(name="plate-stg"), "chart": chart,
        "chart_folder": folder, "values": (), "parameters": {}, "needs": (), "needs_libraries": (),
        "requires": Requires(), "gates": (), "timeout_s": 60.0, "wait": Wait.PLATFORMCTL, "rollback": RollbackPolicy(),
        "formerly": None,
    }  # fmt: skip
    return DesiredRelease(**{**settings, **more})


def store(
    root: Path,
    helm: Helm,
    *,
    lock: Mapping[LockKey, str | None] | None = None,
    registries: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    mirror: str | Path | None = None,
    match: Match = Match.EXACT,
    network: bool = True,
    cache: Path | None = None,
) -> ChartStore:
    """A store of the repository `root`, whose cache lies beside it."""
    lock_file = root / "environments" / "charts.lock"
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    if lock is not None:
        Lock(lock_file, lock).write()
    platform = Platform.model_validate(
        {
            "apiVersion": "platformctl.dev/v1alpha1",
            "kind": "Platform",
            "metadata": {"name": "test"},
            "registries": dict(registries or {}),
        }
    )
    return open_store(
        platform,
        root=root,
        lock_file=lock_file,
        cache=cache or root.parent / "cache",
        helm=helm,
        environ=environ or {},
        parse=parse,
        mirror=str(mirror) if mirror else None,
        match=match,
        network=network,
    )
