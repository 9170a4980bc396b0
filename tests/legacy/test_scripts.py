"""The reference itself: what the old scripts call, in order, as they are described. Against ours: test_parity_e2e.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.legacy.old import SCRIPTS, Old, is_executable
from tests.legacy.recorded import TOOLS

PROD = "-n plate-prod"
OF_PROD = f"{PROD} -l app.kubernetes.io/instance=plate-web-prod"
OF_STG = "-n plate-stg -l app.kubernetes.io/instance=plate-web-stg"
CHART = "./helm/applications/plate-web"
COMMON = "--values ./scripts/legacy/common-values.yaml"
NAMESPACE = "apiVersion: v1\\nkind: Namespace\\nmetadata:\\n  name: "

STG = [
    "kubectl cluster-info",
    f"helm lint {CHART} --values {CHART}/values-stg.yaml {COMMON}",
    "kubectl create namespace plate-stg --dry-run=client -o yaml",
    f"kubectl apply -f - {NAMESPACE}plate-stg",
    "kubectl label namespace plate-stg environment=development --overwrite",
    f"helm upgrade --install plate-web-stg {CHART} -n plate-stg {COMMON} --values {CHART}/values-stg.yaml --wait --timeout=600s",
    "helm status plate-web-stg -n plate-stg",
    f"kubectl get pods {OF_STG}",
    f"kubectl get services {OF_STG}",
    f"kubectl get ingresses {OF_STG}",
    f"kubectl get ingresses {OF_STG} -o jsonpath={{.items[*].spec.rules[*].host}}",
]
PROD_ORDER = [
    "read -r -p Go on? Type 'yes':  answer",
    "kubectl cluster-info",
    "kubectl config current-context",
    f"helm lint {CHART} --values {CHART}/values-prod.yaml {COMMON}",
    f"helm template plate-web-prod {CHART} {PROD} {COMMON} --values {CHART}/values-prod.yaml",
    f"helm get values plate-web-prod {PROD}",
    f"helm get manifest plate-web-prod {PROD}",
    "kubectl create namespace plate-prod --dry-run=client -o yaml",
    f"kubectl apply -f - {NAMESPACE}plate-prod",
    "kubectl label namespace plate-prod environment=production --overwrite",
    f"helm upgrade --install plate-web-prod {CHART} {PROD} {COMMON} --values {CHART}/values-prod.yaml --wait --timeout=600s --atomic",
    f"kubectl wait --for=condition=ready pod -l app.kubernetes.io/instance=plate-web-prod {PROD} --timeout=300s",
    f"kubectl rollout status deployment -l app.kubernetes.io/instance=plate-web-prod {PROD} --timeout=300s",
    f"helm status plate-web-prod {PROD}",
    f"kubectl get pods {OF_PROD} -o wide",
    f"kubectl get services {OF_PROD}",
    f"kubectl get ingresses {OF_PROD}",
    f"kubectl get hpa {OF_PROD}",
    f"kubectl get ingresses {OF_PROD} -o jsonpath={{.items[*].spec.rules[*].host}}",
]
LIBRARIES = [
    "kubectl cluster-info",
    "helm repo add jetstack https://charts.jetstack.io",
    "helm repo update",
    "kubectl apply -f https://github.com/cert-manager/cert-manager/releases/download/v1.13.0/cert-manager.crds.yaml",
    "helm upgrade --install cert-manager jetstack/cert-manager -n cert-manager --create-namespace --version v1.13.0 --set installCRDs=true",
    "kubectl wait --for=condition=ready pod -l app.kubernetes.io/name=cert-manager -n cert-manager --timeout=300s",
    f"helm upgrade --install cert-manager-issuers ./helm/cluster-services/cert-manager-issuers -n cert-manager {COMMON}",
    "helm repo add jenkins https://charts.jenkins.io",
    "helm repo update",
    f"helm upgrade --install jenkins jenkins/jenkins -n jenkins --create-namespace {COMMON} --values ./helm/development-tools/jenkins/values.yaml",
    "helm repo add metallb https://metallb.github.io/metallb",
    "helm repo update",
    "helm upgrade --install metallb metallb/metallb -n metallb-system --create-namespace",
    "kubectl apply -f ./scripts/legacy/metallb/",
    "kubectl get pods -n cert-manager",
    "kubectl get pods -n jenkins",
    "kubectl get pods -n metallb-system",
]
SLEEP = ["sleep 30"]
HEALTH_OF_LIBRARIES = ["kubectl get pods -n cert-manager -l app.kubernetes.io/name=cert-manager"]


def health(namespace: str, *, libraries: bool = True) -> list[str]:
    checked = HEALTH_OF_LIBRARIES if libraries else []
    return ["kubectl cluster-info", *checked, f"kubectl get pods -n {namespace}"]


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.name)
def test_a_script_is_good_bash_and_says_at_its_top_that_nobody_should_use_it(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[1].startswith(
        "# Reference of the behaviour that platformctl replaces, faults included. Do not use"
    )
    assert "set -e" in lines
    assert is_executable(script)


@pytest.mark.parametrize(
    ("script", "answers", "expected"),
    [
        ("deploy-stg.sh", (), STG),
        ("deploy-prod.sh", ("yes",), PROD_ORDER),
        ("deploy-libraries.sh", (), LIBRARIES),
    ],
)
def test_a_script_calls_its_tools_in_the_described_order(
    old: Old, script: str, answers: tuple[str, ...], expected: list[str]
) -> None:
    ran = old(script, answers=answers)
    assert (ran.code, [str(call) for call in ran.calls]) == (0, expected), ran.said


@pytest.mark.parametrize(
    ("argv", "answers", "expected"),
    [
        ([], (), [*LIBRARIES, *SLEEP, *STG, *health("stg")]),
        (["stage"], (), [*LIBRARIES, *SLEEP, *STG, *health("stg")]),
        (["stg", "--skip-libraries"], (), [*STG, *health("stg", libraries=False)]),
        (["--libraries-only"], (), LIBRARIES),
        (
            ["production"],
            ("yes", "yes"),
            [
                "read -r -p Deploy to production? Type 'yes':  answer",
                *LIBRARIES,
                *SLEEP,
                *PROD_ORDER,
                *health("prod"),
            ],
        ),
    ],
    ids=" ".join,
)
def test_deploy_all_runs_the_others_in_the_described_order(
    old: Old, argv: list[str], answers: tuple[str, ...], expected: list[str]
) -> None:
    ran = old("deploy-all.sh", *argv, answers=answers)
    assert (ran.code, [str(call) for call in ran.calls]) == (0, expected), ran.said


@pytest.mark.parametrize(
    ("script", "argv", "code", "said"),
    [
        ("deploy-all.sh", ["--help"], 0, "Usage:"),
        ("deploy-all.sh", ["production", "--help"], 0, "Usage:"),
        ("deploy-all.sh", ["qa"], 1, "unknown environment: qa"),
        ("deploy-all.sh", ["prod", "--force"], 1, "unknown option: --force"),
        ("deploy-stg.sh", ["rollback"], 1, "Usage:"),
        ("deploy-prod.sh", ["destroy"], 1, "Usage:"),
        ("deploy-prod.sh", ["delete"], 1, "Production is not deleted by a script."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_not_done_calls_no_tool(old: Old, script: str, argv: list[str], code: int, said: str) -> None:
    ran = old(script, *argv)
    assert (ran.code, ran.calls, said in ran.said) == (code, [], True), ran.said


@pytest.mark.parametrize(
    ("script", "action", "verb"),
    [
        ("deploy-stg.sh", ["status"], "helm status plate-web-stg -n plate-stg"),
        ("deploy-stg.sh", ["delete"], "helm uninstall plate-web-stg -n plate-stg"),
        ("deploy-prod.sh", ["status"], f"helm status plate-web-prod {PROD}"),
        ("deploy-prod.sh", ["rollback", "4"], f"helm rollback plate-web-prod 4 {PROD}"),
    ],
)
def test_the_other_actions_call_helm_once_on_a_release_that_is_there(
    old: Old, script: str, action: list[str], verb: str
) -> None:
    assert old(script, *action).code == 1, "there is no release yet"
    assert old(script, answers=("yes",)).code == 0
    ran = old(script, *action)
    assert (ran.code, [str(call) for call in ran.calls if call.words[0] == "helm"]) == (0, [verb]), ran.said


def test_a_dry_run_of_production_asks_nothing_and_verifies_nothing_but_does_the_rest(old: Old) -> None:
    without = old("deploy-prod.sh", DRY_RUN="true")
    assert (without.code, str(without.calls[-1])) == (1, f"helm status plate-web-prod {PROD}")
    assert old("deploy-prod.sh", answers=("yes",)).code == 0
    ran = old("deploy-prod.sh", DRY_RUN="true")
    left_out = ("read", "kubectl wait", "kubectl rollout")
    expected = [
        f"{call} --dry-run" if call.startswith("helm upgrade") else call
        for call in PROD_ORDER
        if not call.startswith(left_out)
    ]
    assert (ran.code, [str(call) for call in ran.calls]) == (0, expected), ran.said


def test_the_backup_is_made_unless_it_is_skipped_and_only_warns_without_a_release(old: Old) -> None:
    assert old("deploy-prod.sh", answers=("yes",), SKIP_BACKUP="true").code == 0
    assert old.backups() == []
    (old.root / "calls.releases").unlink()
    first = old("deploy-prod.sh", answers=("yes",))
    assert (first.code, "There is no release to back up." in first.said) == (0, True)
    again = old("deploy-prod.sh", answers=("yes",))
    assert (again.code, "There is no" in again.said) == (0, False)
    assert {file.name for file in old.backups()} == {"current-values.yaml", "current-manifest.yaml"}


def test_a_recording_tool_refuses_what_it_does_not_play(old: Old) -> None:
    env = {"RECORDING": str(old.root / "calls"), "PATH": "/usr/bin:/bin"}
    for tool, *words in (["helm", "history", "x"], ["kubectl", "delete", "pod", "x"]):
        done = subprocess.run([TOOLS / tool, *words], env=env, capture_output=True, text=True, check=False)
        assert (done.returncode, "is not played" in done.stderr) == (64, True)
