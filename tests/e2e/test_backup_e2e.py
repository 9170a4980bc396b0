"""An environment that is destroyed comes back as it was: real helm, real API server, every object compared."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from platformctl.backup.archive import ids, read
from platformctl.backup.compare import normalised
from platformctl.backup.manifest import README, packed
from platformctl.backup.models import Archive
from platformctl.sandbox.client import Client
from tests.catalogs import copy_of_other
from tests.e2e.conftest import Cli, written_by_us

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("backup")]

NAMESPACE = "shop-live"
KINDS = {
    "ConfigMap": "/api/v1/namespaces/shop-live/configmaps",
    "Service": "/api/v1/namespaces/shop-live/services",
    "ServiceAccount": "/api/v1/namespaces/shop-live/serviceaccounts",
    "Secret": "/api/v1/namespaces/shop-live/secrets",
    "Deployment": "/apis/apps/v1/namespaces/shop-live/deployments",
}
HOOK = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-hook
  annotations: {helm.sh/hook: pre-install}
data: {left: by-a-hook}
"""
RANDOM = """
apiVersion: v1
kind: Secret
metadata: {name: "{{ .Release.Name }}-random"}
stringData: {password: "{{ randAlphaNum 16 }}"}
"""


@dataclass(frozen=True)
class Place:
    cli: Cli
    root: Path
    audit: Path
    client: Client

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    def ids(self) -> tuple[str, ...]:
        return ids(self.backups, "live")

    def helm(self, *argv: str) -> str:
        done = subprocess.run(
            ["helm", *argv, "-n", NAMESPACE, "--kubeconfig", str(self.kubeconfig)],
            env=self.cli.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    @property
    def kubeconfig(self) -> Path:
        return next(Path(self.cli.env["PLATFORMCTL_SANDBOX_DIR"]).rglob("kubeconfig"))

    def objects(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Everything in the namespace as it was decided, without helm's records and what the cluster makes itself."""
        found = {}
        for kind, path in KINDS.items():
            for item in (self.client.get(path) or {}).get("items", []):
                name = item["metadata"]["name"]
                if not name.startswith(("sh.helm.release", "kube-root-ca")):
                    found[kind, name] = normalised(
                        {**item, "kind": kind}
                    )  # the items of a list do not say it
        return found

    def histories(self) -> dict[str, list[tuple[int, str]]]:
        names = ("shop-live", "worker-live")
        listed = {name: json.loads(self.helm("history", name, "-o", "json")) for name in names}
        return {name: [(row["revision"], row["status"]) for row in rows] for name, rows in listed.items()}

    def destroy(self) -> None:
        for name in ("shop-live", "worker-live"):
            self.helm("uninstall", name)
        self.client.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}")
        give_up = time.monotonic() + 60
        while self.client.get(f"/api/v1/namespaces/{NAMESPACE}") is not None:
            assert time.monotonic() < give_up, "the namespace does not go"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def place(own_sandbox: tuple[Cli, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The other platform without its library, its environment live deployed in two revisions, and a Secret that no release
    owns."""
    cli, audit = own_sandbox
    root = tmp_path_factory.mktemp("shop")
    copy_of_other(root)
    (root / ".git").mkdir()  # marks the root; not a repository
    edit(root / "environments/platform.yaml", r"(?s)libraries:.*", "")
    edit(root / "environments/apps/worker.yaml", r"    needs: \[queue\]\n", "")
    edit(root / "environments/apps/shop.yaml", r"needs: \[worker, queue\]", "needs: [worker]")
    (root / "charts/shop/templates/hook.yaml").write_text(HOOK)
    (root / "charts/shop/templates/random.yaml").write_text(RANDOM)
    cli = replace(cli, cwd=root, env={k: v for k, v in cli.env.items() if k != "PLATFORMCTL_BACKUP_DIR"})
    cli("deploy", "live", "--confirm", "live").ok()
    edit(root / "environments/apps/worker.yaml", r'replicas: "2"', 'replicas: "3"')
    cli("deploy", "live", "--confirm", "live").ok()
    kubeconfig = next(Path(cli.env["PLATFORMCTL_SANDBOX_DIR"]).rglob("kubeconfig"))
    client = Client.of(kubeconfig)
    loose = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "loose"},
        "stringData": {"canary": "q7Zt-canary"},
    }
    client.create(f"/api/v1/namespaces/{NAMESPACE}/secrets", loose)
    yield Place(cli, root, audit, client)
    client.close()


def edit(file: Path, pattern: str, new: str) -> None:
    text, count = re.subn(pattern, new, file.read_text())
    assert count, f"{file} has no {pattern}"
    file.write_text(text)


def test_the_first_deploy_has_nothing_to_back_up_and_the_second_is_backed_up_before_it_writes(
    place: Place,
) -> None:
    assert len(place.ids()) == 1
    first = read(place.backups, "live", place.ids()[0]).backup
    assert {release.key: release.revision for release in first.releases} == {"shop": 1, "worker": 1}
    assert (place.backups / ".gitignore").read_text() == "*\n"


def test_a_dry_run_writes_neither_here_nor_there(place: Place) -> None:
    before, written = sorted(place.root.rglob("*")), written_by_us(place.audit)
    ran = place.cli("backup", "live", "--dry-run").ok()
    assert "nothing was written" in ran.out
    place.cli("restore", "live", "--from", place.ids()[0], "--dry-run").ok()
    assert (sorted(place.root.rglob("*")), written_by_us(place.audit)) == (before, written)


def test_a_backup_is_made_on_demand_and_says_what_it_does_not_hold(place: Place) -> None:
    ran = place.cli("backup", "live", "--include-secrets").ok()
    assert "2 releases" in ran.out
    assert "no volumes, no databases" in ran.out
    assert "canary" not in ran.out + ran.err
    assert read(place.backups, "live", place.ids()[0]).backup.secrets == ((NAMESPACE, "loose"),)


def test_an_environment_that_was_destroyed_comes_back_identical(place: Place) -> None:
    place.cli("backup", "live", "--include-secrets").ok()
    id_ = place.ids()[0]
    before, histories = place.objects(), place.histories()
    labels = namespace_labels(place)
    assert ("ConfigMap", "shop-live-hook") in before
    place.destroy()
    assert place.objects() == {}
    ran = place.cli("restore", "live", "--from", id_, "--confirm", "live", "-o", "json").ok()
    assert ran.data["data"]["runs"][0]["kind"] == "restore"
    assert "canary" not in ran.out + ran.err
    assert place.objects() == before
    assert namespace_labels(place) == labels
    after = place.histories()
    for name, rows in histories.items():
        assert after[name] == [*((number, "superseded") for number, _ in rows), (len(rows) + 1, "deployed")]
    assert place.helm("get", "values", "shop-live") == place.helm(
        "get", "values", "shop-live", "--revision", "1"
    )


def test_what_was_restored_is_what_the_catalog_says_and_a_second_restore_changes_nothing(
    place: Place,
) -> None:
    assert "nothing to do" in place.cli("plan", "live").ok().out
    before = written_by_us(place.audit)
    assert "Nothing changed" in place.cli("deploy", "live", "--confirm", "live").ok().out
    again = place.cli("restore", "live", "--from", place.ids()[0], "--confirm", "live").ok()
    assert "Nothing changed" in again.out
    assert written_by_us(place.audit) == before


def test_what_changed_since_goes_back_and_an_object_that_somebody_removed_too(place: Place) -> None:
    place.cli("backup", "live").ok()
    id_, before = place.ids()[0], place.objects()
    place.client.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/services/shop-live")
    values = place.root / "environments/apps/worker.yaml"
    text = values.read_text()
    edit(values, r'replicas: "3"', 'replicas: "1"')
    place.cli("deploy", "live", "worker", "--confirm", "live").ok()
    values.write_text(text)
    assert place.objects() != before
    shown = place.cli("restore", "live", "--from", id_, "--confirm", "live").ok()
    assert "Service shop-live: is gone" in shown.err
    assert place.objects() == before


def test_without_its_name_nothing_is_restored(place: Place) -> None:
    before = written_by_us(place.audit)
    for argv in ((), ("--yes",), ("--confirm", "dev")):
        assert place.cli("restore", "live", "--from", place.ids()[0], *argv).code == 13
    assert place.cli("restore", "live", "--confirm", "live").code == 64
    assert place.cli("restore", "live", "--from", "20200101-000000", "--confirm", "live").code == 64
    assert written_by_us(place.audit) == before


@pytest.mark.fault(37)
def test_a_damaged_backup_and_one_of_another_cluster_are_refused_and_nothing_is_written(place: Place) -> None:
    place.cli("backup", "live").ok()
    id_ = place.ids()[0]
    whole = read(place.backups, "live", id_)
    folder = place.backups / "live" / id_
    before = written_by_us(place.audit)
    record = next(folder.rglob("records/*.json"))
    content = record.read_bytes()
    record.write_bytes(content[:-1])
    damaged = place.cli("restore", "live", "--from", id_, "--confirm", "live")
    assert damaged.code == 12
    assert "records" in damaged.err
    record.write_bytes(content)
    foreign = replace(whole.backup, identity=replace(whole.backup.identity, uid="0000-another"))
    inner = {path: data for path, data in whole.files.items() if path != README}
    for path, data in packed(Archive(foreign, inner))[1].items():
        (folder / path).write_bytes(data)
    refused = place.cli("restore", "live", "--from", id_, "--confirm", "live")
    assert refused.code == 7
    assert "of another cluster" in refused.err
    assert written_by_us(place.audit) == before
    shutil.rmtree(folder)


@pytest.mark.fault(36)
@pytest.mark.fault(39)
def test_a_deploy_whose_backup_cannot_be_written_touches_nothing(place: Place, tmp_path: Path) -> None:
    values = place.root / "environments/apps/worker.yaml"
    text = values.read_text()
    edit(values, r'replicas: "3"', 'replicas: "2"')
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").write_text("")
    before = written_by_us(place.audit)
    for folder in (tmp_path / "link", tmp_path / "file", tmp_path / "not" / "there"):
        ran = place.cli("deploy", "live", "--confirm", "live", "--backup-dir", str(folder))
        assert ran.code == 12, ran.err
        assert "--backup-dir" in ran.err
    limited = f"ulimit -f 4; exec {sys.executable} -m platformctl deploy live --confirm live"
    full = subprocess.run(
        ["/bin/bash", "-c", limited],
        cwd=place.root,
        env=place.cli.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 12, full.stderr
    assert "no space left" in full.stderr
    assert written_by_us(place.audit) == before
    assert not [path for path in (place.backups / "live").iterdir() if path.name.startswith(".")]
    values.write_text(text)


def test_a_backup_is_left_out_only_with_a_reason_which_is_kept(place: Place) -> None:
    values = place.root / "environments/apps/worker.yaml"
    text = values.read_text()
    edit(values, r'replicas: "3"', 'replicas: "2"')
    there = place.ids()
    assert place.cli("deploy", "live", "--confirm", "live", "--skip-backup").code == 64
    ran = place.cli(
        "deploy", "live", "--confirm", "live", "--skip-backup", "--reason", "the disk is full"
    ).ok()
    assert "no backup of live is made: the disk is full" in ran.err
    assert place.ids() == there
    values.write_text(text)


def test_an_encrypted_backup_holds_nothing_in_clear_and_comes_back(place: Place) -> None:
    rot = r"tr '\000-\377' '\200-\377\000-\177'"
    before = place.objects()
    place.cli("backup", "live", "--include-secrets", "--encrypt-with", rot).ok()
    newest = max(place.backups.glob("live/*.tar.encrypted"))
    assert b"shop-live" not in newest.read_bytes()
    id_ = newest.name.removesuffix(".tar.encrypted")
    assert place.cli("backup", "live", "--encrypt-with", "cat").code == 12
    assert place.cli("restore", "live", "--from", id_, "--confirm", "live").code == 64
    place.destroy()
    place.cli("restore", "live", "--from", id_, "--confirm", "live", "--decrypt-with", rot).ok()
    assert place.objects() == before


def namespace_labels(place: Place) -> dict[str, str]:
    return dict((place.client.get(f"/api/v1/namespaces/{NAMESPACE}") or {})["metadata"]["labels"])
