"""The plugin that fails a CI run in which something was skipped, tried on small suites of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parent.parent

SUITE = {
    "passes": "def test_a(): pass",
    "skips": "import pytest\n\ndef test_a(): pass\n\ndef test_b(): pytest.skip('no tool')",
    "skips its module": "import pytest\npytest.skip('no tool', allow_module_level=True)",
    "expected failure": "import pytest\n\n@pytest.mark.xfail\ndef test_a(): assert False",
    "fails": "def test_a(): assert False",
}


ALONE: tuple[str, ...] = ()
XDIST = ("-n", "1")  # reports come from another process


@pytest.mark.parametrize(
    ("suite", "ci", "workers", "code"),
    [
        ("passes", "true", ALONE, 0),
        ("skips", "true", ALONE, 1),
        ("skips", "true", XDIST, 1),
        ("skips", "", ALONE, 0),
        ("skips its module", "true", ALONE, 1),
        ("skips its module", "true", XDIST, 1),
        ("expected failure", "true", ALONE, 0),
        ("fails", "true", ALONE, 1),
    ],
)
def test_in_ci_a_skipped_test_fails_the_run(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    suite: str,
    ci: str,
    workers: tuple[str, ...],
    code: int,
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(test_suite=SUITE[suite])
    done = pytester.runpytest_subprocess("-p", "tests.support.no_skips", *workers)
    assert done.ret == code
    assert ("CI=true does not allow" in done.stdout.str()) is (suite.startswith("skips") and ci == "true")
