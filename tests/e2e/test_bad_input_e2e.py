"""Bad input, as a user meets it: one clear message, the right exit code, no traceback, nothing changed.

The first half needs no cluster. The second has one control plane, reached as the sandbox that it is, and by its kubeconfig
alone as a cluster of whom platformctl knows nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from platformctl.cli.main import run
from platformctl.sandbox.client import Client
from tests.charts_stage.servers import repository, serving
from tests.e2e.conftest import Cli, Ran, written_by_us
from tests.e2e.shop import CATALOG, SHOP, WORKER, Shop, ended, plain, queue_chart, shop, small_shop, terminal

Here = Callable[..., Ran]
NOBODY = "https://127.0.0.1:9"  # discard: nothing listens there
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


def refused(ran: Ran, code: int, *said: str) -> None:
    """One message on stderr with its exit code, nothing on stdout."""
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert ran.err.count(f"(exit {code})") == 1, ran.err
    for text in said:
        assert text in ran.err


def refused_as_data(ran: Ran, code: int, *said: str) -> None:
    """With -o json: the same, and an envelope on stdout that says it too."""
    assert ran.code == code, ran.err
    assert (ran.data["kind"], ran.data["status"], ran.data["exitCode"]) == ("Error", "error", code)
    assert ran.data["error"]["message"] in ran.err
    assert ran.err.count(f"(exit {code})") == 1, ran.err
    for text in said:
        assert text in ran.err


@dataclass(frozen=True, slots=True)
class Case:
    """A change to one file of the other platform (old text → new text; without old: appended), and what is said."""

    file: str
    old: str
    new: str | bytes
    said: str

    def spoil(self, platform: Shop) -> None:
        if self.old:
            assert isinstance(self.new, str)
            platform.edit(self.file, self.old, self.new)
        else:
            platform.append(self.file, self.new)


CASES = {
    "unknown key": Case(SHOP, "chart: {path", "chart: {pth", f'{SHOP}:3:13: applications.shop.chart: unknown key "pth" (did you mean "path"?)'),
    "unknown key, other capitals": Case(SHOP, "    needs:", "    argocd: {wave: 1}\n    needs:", f'{SHOP}:4:14: applications.shop.argocd: unknown key "wave" (did you mean "syncWave"?)'),
    "duplicate key": Case(CATALOG, "", "defaults: {all: live}\n", f'{CATALOG}:26:1: duplicate key "defaults" (first at line 7)'),
    "tab": Case(CATALOG, "", "git:\n\trepoURL: x\n", f"{CATALOG}:27:1: a tab cannot indent; use spaces"),
    "not UTF-8": Case(SHOP, "", b"# caf\xe9\n", f"{SHOP}:9:6: byte 0xe9 is not UTF-8"),
    "alias bomb": Case(CATALOG, "", BOMB, "has more than 100000 values, aliases expanded"),
    "3000 nested brackets": Case(CATALOG, "", f"git: {'[' * 3000}", "is nested deeper than 64 levels"),
    "a wave against needs": Case(WORKER, "    needs:", "    argocd: {syncWave: 1}\n    needs:", f"{WORKER}:4:24: applications.worker.argocd.syncWave: syncWave 1 contradicts needs: shop needs worker"),
    "unquoted version": Case(CATALOG, "1.2.0", "1.10", '21:71: libraries.queue.chart.version: 1.10 was read as the number 1.1; quote it: "1.10"'),
    "cycle": Case(WORKER, "[queue]", "[queue, shop]", "needs go in a circle: shop → worker → shop"),
    "unknown need": Case(WORKER, "[queue]", "[queeu]", 'there is no library or application "queeu" (did you mean "queue"?)'),
    "missing chart": Case(SHOP, "/charts/shop", "/charts/shpo", "applications.shop.chart.path: there is no folder charts/shpo"),
    "missing values file": Case(SHOP, "values-live", "values-life", 'there is no file charts/shop/values-life.yaml (did you mean "values-live.yaml"?)'),
    "out of the repository": Case(SHOP, "values-live.yaml", "../../../../etc/passwd", "values[0]: leads out of the repository"),
    "release name with a dash": Case(SHOP, "    needs:", "    releaseName: -x\n    needs:", 'gives the release name "-x", which must start and end with a letter or digit'),
    "release name like a flag": Case(SHOP, "    needs:", "    releaseName: --kubeconfig={env}\n    needs:", "applications.shop.releaseName: "),
    "application like a flag": Case(SHOP, "  shop:", '  "--kubeconfig=x":', "this name must be lower-case letters, digits and dashes"),
    "namespace like a flag": Case(CATALOG, "name: shop-dev", "name: --kube-context=x", "environments.dev.namespace.name: must be lower-case letters"),
    "duration without unit": Case(CATALOG, "timeout: 2m", "timeout: 120", "defaults.timeout: "),
}  # fmt: skip


@pytest.fixture
def whole(tmp_path: Path) -> Shop:
    return shop(tmp_path / "platform")


@pytest.fixture
def small(tmp_path: Path) -> Shop:
    return small_shop(tmp_path / "platform")


@pytest.fixture
def here(bare_cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """For many command lines that end early: from argv to exit code as in a process, without the start of one."""
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in bare_cli.env.items():
        monkeypatch.setenv(name, value)

    def call(platform: Shop, *argv: str, **env: str) -> Ran:
        monkeypatch.chdir(platform.root)
        with monkeypatch.context() as more:
            for name, value in env.items():
                more.setenv(name, value)
            code = run(list(argv))
        return Ran(code, *capsys.readouterr())

    return call


# The catalog


def test_without_a_catalog_it_says_where_it_looked(bare_cli: Cli, tmp_path: Path) -> None:
    refused(
        bare_cli.at(tmp_path)("all"),
        6,
        f"environments/platform.yaml: there is none, neither in {tmp_path}",
        "-f PATH/TO",
    )
    refused(bare_cli.at(tmp_path)("-f", "nope.yaml", "all"), 6, "nope.yaml: there is no such file")
    refused(bare_cli.at(tmp_path)("-f", str(tmp_path), "all"), 6, "is a folder; name the file in it")  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_catalog_that_is_wrong_is_refused_with_its_place(here: Here, whole: Shop, name: str) -> None:
    CASES[name].spoil(whole)
    before = whole.files()
    refused_as_data(here(whole, "deploy", "dev", "-o", "json"), 6, CASES[name].said)
    assert whole.files() == before


def test_a_byte_order_mark_is_refused(bare_cli: Cli, whole: Shop) -> None:
    catalog = whole.root / CATALOG
    catalog.write_bytes(b"\xef\xbb\xbf" + catalog.read_bytes())
    refused(
        bare_cli.at(whole.root)("catalog", "validate"), 6, f"{CATALOG}:1:1: starts with a byte order mark"
    )


def test_all_that_is_wrong_is_told_at_once_and_counted(bare_cli: Cli, whole: Shop) -> None:
    for name in ("unknown key", "unquoted version", "unknown need"):
        CASES[name].spoil(whole)
    ran = bare_cli.at(whole.root)("deploy", "dev", "-o", "json")
    refused_as_data(
        ran, 6, *(CASES[name].said for name in ("unknown key", "unquoted version", "unknown need"))
    )
    assert len(ran.data["data"]["problems"]) == 3
    assert ran.err.rstrip().endswith("3 errors, nothing was changed. (exit 6)")


# Charts


def test_a_chart_of_another_digest_is_refused(bare_cli: Cli, tmp_path: Path) -> None:
    chart = queue_chart(tmp_path)
    with serving(repository({("queue", "1.2.0"): chart})) as served:
        whole = shop(tmp_path / "platform", repository=served.url)
        cli = bare_cli.at(whole.root).having(XDG_CACHE_HOME=str(tmp_path / "cache"))
        (whole.root / "environments" / "charts.lock").write_text(
            f'charts:\n- source: {served.url}\n  name: queue\n  version: 1.2.0\n  sha256: "{"0" * 64}"\n'
        )
        before = whole.files()
        for argv in (["--dry-run"], ["charts", "pin"], ["charts", "verify"]):
            ran = cli(*argv)
            assert ran.code == 6, (argv, ran.err)
            assert "queue" in ran.out + ran.err
            assert "0" * 64 in ran.out + ran.err, "the digest that was expected"
        assert whole.files() == before


def test_a_mirror_that_lacks_the_version_lists_what_it_has(
    bare_cli: Cli, whole: Shop, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    queue_chart(mirror)
    (mirror / "queue-1.2.0.tgz").rename(mirror / "queue-1.1.0.tgz")
    cli = bare_cli.at(whole.root).having(PLATFORMCTL_CHART_MIRROR=str(mirror))
    ran = cli("--dry-run", "--strict")
    refused(ran, 6, "queue 1.2.0", "1.1.0")
    refused(
        cli("--dry-run", "--strict", "--chart-mirror", "nowhere"),
        6,
        "nowhere: no such folder",
        "--chart-mirror",
    )


# The command line

WRONG = {
    "prodd": 'no command "prodd". Did you mean "prod"?',
    "charts pinn": 'no command "pinn". Did you mean "pin"?',
    "charts": "missing command",
    "plan --paralel 2": 'no option "--paralel". Did you mean "--parallel"?',
    "plan -n dev": "-n means a namespace to helm and kubectl; here the catalog names it. For a dry run type --dry-run",
    "-n dev plan": "-n means a namespace",
    "deploy": "missing argument",
    "deploy dve": 'no environment "dve" (did you mean "dev"?)',
    "prod": 'no environment "prod"   (exit 64)\nNext:  there are dev (development), live',
    "deploy dev shp": 'no application "shp" in dev (did you mean "shop"?)',
    "deploy dev --exclude shp": 'no application "shp" in dev (did you mean "shop"?)',
    "deploy dev -- --kubeconfig=x": '"--kubeconfig=x" is no name',
    "rollback dev shop --to zero": "--to 'zero': a revision is a whole number from 1",
    "rollback": "The catalog has no defaults.rollback",
    "deploy dev --timeout 90": '--timeout: "90" has no unit; use 90s',
    "deploy dev --timeout soon": '"soon" is not a duration; write it like 90s, 10m or 1h30m',
    "deploy dev --timeout 0s": "--timeout 0s: nothing is done in no time",
    "deploy dev --deadline 5": '--deadline: "5" has no unit; use 5s',
    "deploy dev --parallel 0": "--parallel 0: at least one release at a time",
    "deploy dev --parallel many": "'--parallel'",
    "--dry-run=maybe": "--dry-run=maybe: use client, server or none",
    "--dry-run --dry-run-mode maybe": "--dry-run-mode maybe: use auto, client or server",
    "plan -o xml": "--output xml: use table, json, yaml, jsonl",
    "plan --chart-mirror-match near": "--chart-mirror-match near: use exact or nearest",
    "plan --chart-mirror-match nearest": "only together with --sandbox",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line_is_a_usage_error_with_the_way_out(here: Here, whole: Shop, line: str) -> None:
    refused(here(whole, *line.split()), 64, WRONG[line])


def test_a_usage_error_is_an_envelope_too_and_names_the_command(bare_cli: Cli, whole: Shop) -> None:
    ran = bare_cli.at(whole.root)("deploy", "--kubeconfig", "none", "dve", "-o", "json")
    refused_as_data(ran, 64, 'no environment "dve"')
    assert ran.data["command"] == "deploy"
    assert bare_cli.at(whole.root)("-o", "json", "charts", "pinn").data["command"] == "charts"


def test_variables_are_held_to_the_same_values(here: Here, whole: Shop) -> None:
    refused(here(whole, "plan", PLATFORMCTL_PARALLEL="many"), 64, "PLATFORMCTL_PARALLEL='many' is not a int")
    refused(here(whole, "plan", PLATFORMCTL_SANDBOX="perhaps"), 64, "PLATFORMCTL_SANDBOX='perhaps'")
    refused(here(whole, "plan", PLATFORMCTL_OUTPUT="xml"), 64, "--output xml")


def test_a_protected_environment_needs_its_name_before_anything_else_is_looked_at(
    here: Here, small: Shop
) -> None:
    """There is no cluster here at all: 13 comes before 11."""
    for argv in (["deploy", "live"], ["deploy", "live", "--yes"], ["all", "live", "--yes"]):
        refused(
            here(small, *argv), 13, "change live: it is protected, and there is no terminal", "--confirm live"
        )
    wrong = here(small, "deploy", "live", "--confirm", "lve")
    refused(wrong, 13, '--confirm says "lve", the question asks for "live"')
    refused(here(small, "deploy", "live", "--confirm", "live"), 11, "find a kubeconfig")


# The tools


@pytest.fixture
def no_tools(bare_cli: Cli, small: Shop, tmp_path: Path) -> tuple[Cli, Path]:
    """A PATH of one empty folder, and no tool box of our own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    env = {"PATH": str(folder), "KUBEBUILDER_ASSETS": "", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return bare_cli.at(small.root).having(**env), folder


def fake(file: Path, says: str) -> None:
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)


def test_helm_missing_too_old_or_something_else(no_tools: tuple[Cli, Path]) -> None:
    cli, folder = no_tools
    refused(cli("--dry-run"), 11, "find helm: it is not on PATH", "platformctl sandbox build")
    fake(folder / "helm", "v3.9.4+gdbc6d8e")
    refused_as_data(cli("plan", "-o", "json"), 11, f"helm 3.9.4 at {folder}/helm is too old: 3.18 or later")
    fake(folder / "helm", "hello")
    refused(cli("plan"), 11, f"ask {folder}/helm for its version: no version in its answer")
    (folder / "helm").write_text("not a program")
    refused(cli("plan"), 11, f"start {folder}/helm: Exec format error")
    refused(cli("plan", PLATFORMCTL_HELM="nowhere"), 11, "PLATFORMCTL_HELM=nowhere is no program")


def test_kubectl_missing_or_too_old(no_tools: tuple[Cli, Path], closed: Path, bare_cli: Cli) -> None:
    cli, folder = no_tools
    (folder / "helm").symlink_to(Path(bare_cli.env["KUBEBUILDER_ASSETS"]) / "helm")
    cli = cli.having(KUBECONFIG=str(closed))
    refused(cli("deploy", "dev"), 11, "find kubectl: it is not on PATH")
    fake(folder / "kubectl", '{"clientVersion": {"gitVersion": "v1.21.0"}}')
    refused(
        cli("deploy", "dev"), 11, f"kubectl 1.21.0 at {folder}/kubectl is too old: 1.28 or later is needed"
    )
    assert "rendered offline" in cli("--dry-run=client").ok().out, "which never needs kubectl"


# The kubeconfig


def kubeconfig(file: Path, server: str = NOBODY, context: str = "home") -> Path:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "none"}}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A kubeconfig of a server that does not answer."""
    return kubeconfig(tmp_path / "closed" / "config")


def test_a_dry_run_goes_on_without_a_cluster_that_nobody_named(
    here: Here, small: Shop, tmp_path: Path
) -> None:
    kubeconfig(tmp_path / "home" / ".kube" / "config")
    home = {"HOME": str(tmp_path / "home")}
    ran = here(small, "--dry-run", GITHUB_ACTIONS="true", **home).ok()
    assert "rendered offline" in ran.out
    assert f"warning: going on offline: reach the API server {NOBODY}" in ran.err
    assert "::warning::going on offline" in ran.err
    for argv in (["deploy", "dev"], ["status"], ["--dry-run=server"], ["--dry-run", "--context", "home"]):
        ran = here(small, *argv, **home)
        refused(ran, 11, f"reach the API server {NOBODY} (context home)", "connection refused")


def test_a_cluster_that_was_named_must_answer(here: Here, small: Shop, closed: Path) -> None:
    refused(here(small, "--dry-run", "--kubeconfig", str(closed)), 11, "connection refused")
    refused(here(small, "--dry-run", KUBECONFIG=str(closed)), 11, "connection refused")
    refused(here(small, "--dry-run", PLATFORMCTL_KUBECONFIG=str(closed)), 11, "connection refused")
    assert "rendered offline" in here(small, "--dry-run=client", KUBECONFIG=str(closed)).ok().out


def test_a_kubeconfig_that_leads_nowhere(here: Here, small: Shop, closed: Path, tmp_path: Path) -> None:
    refused(here(small, "plan", "--kubeconfig", "nope"), 11, "read kubeconfig nope: no such file")
    ran = here(small, "plan", KUBECONFIG="/nope:/nope2")
    refused(ran, 11, "read kubeconfig /nope:/nope2: no such file")
    empty = tmp_path / "empty"
    empty.write_text('{"apiVersion": "v1", "kind": "Config", "contexts": []}')
    ran = here(small, "plan", "--kubeconfig", str(empty))
    refused(ran, 11, f"read kubeconfig {empty}: it has no contexts")
    empty.write_text('{"apiVersion": "v1", "kind": ')
    refused(here(small, "plan", "--kubeconfig", str(empty)), 11, f"read kubeconfig {empty}: ")
    ran = here(small, "plan", "--kubeconfig", str(closed), "--context", "hoem")
    refused(ran, 11, "no context 'hoem' (did you mean \"home\"?)", "choose one of: home")


# Whoever reads our output may go


def test_a_reader_that_goes_away_ends_nothing_badly(bare_cli: Cli, small: Shop) -> None:
    command = f"{sys.executable} -m platformctl plan; echo ended with $? >&2"
    done = subprocess.run(
        ["/bin/sh", "-c", f"({command}) | head -1"],
        cwd=small.root,
        env=dict(bare_cli.env),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "  corner-shop → dev\n"
    assert done.stderr == "ended with 0\n"


# With a cluster


@dataclass(frozen=True, slots=True)
class Cluster:
    """One control plane. `sandbox` reaches it as what it is, `foreign` knows nothing but its kubeconfig."""

    sandbox: Cli
    foreign: Cli
    audit: Path
    kubeconfig: Path
    client: Client

    @property
    def uid(self) -> str:
        return str(self.get("/api/v1/namespaces/kube-system")["metadata"]["uid"])

    def get(self, path: str) -> dict[str, dict[str, str]]:
        found = self.client.get(path)
        assert found is not None, path
        return found

    def writes(self) -> list[str]:
        return written_by_us(self.audit)


@pytest.fixture(scope="module")
def cluster(own_sandbox: tuple[Cli, Path], bare_cli: Cli) -> Iterator[Cluster]:
    sandbox, audit = own_sandbox
    config = Path(sandbox.env["PLATFORMCTL_SANDBOX_DIR"]) / "shared" / "kubeconfig"
    client = Client.of(config)
    foreign = bare_cli.having(PLATFORMCTL_KUBECONFIG=str(config))
    yield Cluster(sandbox, foreign, audit, config, client)
    client.close()


@pytest.mark.e2e
def test_a_protected_environment_on_a_cluster_that_is_not_pinned_says_what_to_write(
    cluster: Cluster, small: Shop
) -> None:
    before = cluster.writes()
    ran = cluster.foreign.at(small.root)("deploy", "live", "--confirm", "live")
    uid = cluster.uid
    refused(ran, 7, "change live: it is protected, and its cluster is not pinned", "not pinned)",
            f"clusters: {{main: {{identity: {uid}}}}}  and, for environments.live,  cluster: main  into platform.yaml")  # fmt: skip
    assert cluster.writes() == before


@pytest.mark.e2e
def test_a_cluster_that_is_not_the_pinned_one_is_refused(cluster: Cluster, small: Shop) -> None:
    before = cluster.writes()
    small.pin("11111111-2222-3333-4444-555555555555")
    for argv in (["deploy", "live", "--confirm", "live"], ["deploy", "dev"]):
        ran = cluster.foreign.at(small.root)(*argv)
        refused(
            ran, 7, "leads to another cluster", cluster.uid, "pins for main (uid 11111111-", "pins another ✗"
        )
    assert cluster.writes() == before


@pytest.mark.e2e
def test_an_unknown_context_of_a_cluster_that_is_there(cluster: Cluster, small: Shop) -> None:
    ran = cluster.foreign.at(small.root)("deploy", "dev", "--context", "platformctl-sandbocks")
    refused(ran, 11, '(did you mean "platformctl-sandbox"?)', "choose one of: platformctl-sandbox")


@pytest.mark.e2e
def test_a_missing_secret_is_named_with_the_command_that_makes_it(cluster: Cluster, small: Shop) -> None:
    before = cluster.writes()
    small.edit(
        WORKER,
        "    environments:",
        "    requires: {secrets: [{name: login, keys: [password]}]}\n    environments:",
    )
    ran = cluster.foreign.at(small.root)("deploy", "dev", "-o", "json")
    refused_as_data(
        ran, 6, "worker-dev", "Secret shop-dev/login", "kubectl", "create secret generic login", "password"
    )
    assert cluster.writes() == before


@pytest.mark.e2e
def test_a_user_who_may_not_is_told_what_he_may_not(cluster: Cluster, small: Shop, tmp_path: Path) -> None:
    config = json.loads(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": "nobody-knows-this"}
    stranger = tmp_path / "stranger"
    stranger.write_text(json.dumps(config))
    ran = cluster.foreign.at(small.root)("deploy", "dev", "--kubeconfig", str(stranger))
    refused(ran, 11, "does not accept the credentials")


REDIRECTIONS = {
    "HELM_KUBEAPISERVER": NOBODY,
    "HELM_KUBECONTEXT": "elsewhere",
    "HELM_KUBETOKEN": "wrong",
    "HELM_KUBEASUSER": "nobody",
    "HELM_KUBECAFILE": "/nowhere",
    "HELM_NAMESPACE": "elsewhere",
    "HELM_DRIVER": "memory",
    "HELM_PLUGINS": "/nowhere",
    "HELM_DEBUG": "true",
    "KUBE_NAMESPACE": "elsewhere",
    "KUBECTL_KUBERC": "true",
}
KUBERC = """\
apiVersion: kubectl.config.k8s.io/v1beta1
kind: Preference
defaults:
- {command: apply, options: [{name: dry-run, default: client}]}
- {command: proxy, options: [{name: reject-methods, default: '.*'}]}
"""


@pytest.mark.e2e
def test_variables_and_preferences_of_helm_and_kubectl_do_not_redirect_us(
    cluster: Cluster, small: Shop, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / ".kube").mkdir(parents=True)
    (home / ".kube" / "kuberc").write_text(KUBERC)
    (tmp_path / "kuberc").write_text(KUBERC)
    misled = {**REDIRECTIONS, "HOME": str(home), "KUBERC": str(tmp_path / "kuberc")}
    small.edit(CATALOG, "name: shop-dev,", "name: shop-misled,")
    ran = cluster.sandbox.at(small.root).having(**misled)("deploy", "dev").ok()
    assert "2 changed and healthy" in ran.out
    secrets = cluster.get("/api/v1/namespaces/shop-misled/secrets")["items"]
    assert sorted(item["metadata"]["name"] for item in secrets) == [  # type: ignore[index]
        "sh.helm.release.v1.shop-dev.v1",
        "sh.helm.release.v1.worker-dev.v1",
    ]
    assert cluster.client.get("/api/v1/namespaces/elsewhere") is None


# The question, on a terminal


@pytest.fixture
def asked(cluster: Cluster, small: Shop) -> Iterator[pexpect.spawn[str]]:
    """`deploy live` at its question; whatever a test did, nothing was written."""
    before = cluster.writes()
    child = terminal(cluster.sandbox.at(small.root), "deploy", "live")
    child.expect_exact("Type live to go on: ")
    yield child
    child.close(force=True)
    assert cluster.writes() == before


@pytest.mark.e2e
def test_another_name_is_no_yes(asked: pexpect.spawn[str]) -> None:
    asked.sendline("yes")
    code, shown = ended(asked)
    assert (code, plain(shown)) == (
        13,
        'yes\nError: change live: "yes" is not "live"; nothing was changed   (exit 13)\n',
    )


@pytest.mark.e2e
def test_the_end_of_input_is_no_yes(asked: pexpect.spawn[str]) -> None:
    asked.sendeof()
    code, shown = ended(asked)
    assert (code, "end of input instead of an answer; nothing was changed" in shown) == (13, True)


@pytest.mark.e2e
def test_ctrl_c_at_the_question_changes_nothing(asked: pexpect.spawn[str]) -> None:
    asked.sendintr()
    code, shown = ended(asked)
    assert (code, "Error: interrupted: nothing was changed   (exit 130)" in shown) == (130, True)


@pytest.mark.e2e
def test_no_input_means_no_question_even_on_a_terminal(cluster: Cluster, small: Shop) -> None:
    for argv, env in ((["--no-input"], {}), ([], {"CI": "true"})):
        code, shown = ended(terminal(cluster.sandbox.at(small.root).having(**env), "deploy", "live", *argv))
        assert (code, "there is no terminal to confirm on" in plain(shown)) == (13, True)


@pytest.mark.e2e
def test_a_run_whose_reader_has_gone_goes_on_to_its_end(cluster: Cluster, small: Shop) -> None:
    small.pin(cluster.uid)
    process = subprocess.Popen(
        [sys.executable, "-m", "platformctl", "deploy", "live", "--confirm", "live"],
        cwd=small.root,
        env=dict(cluster.foreign.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout
    assert process.stdout.readline() == "  corner-shop → live\n".encode()
    process.stdout.close()
    assert process.wait(60) == 0
    secrets = cluster.get("/api/v1/namespaces/shop-live/secrets")["items"]
    assert len(secrets) == 2, "both releases"
