"""Fixtures for everybody."""

pytest_plugins = [
    "tests.support.tools",
    "tests.support.certificates",
    "tests.support.sandbox",
    "tests.support.reach",
]
