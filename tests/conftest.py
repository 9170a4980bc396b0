"""Fixtures for everybody."""

pytest_plugins = ["tests.support.sandbox", "tests.support.reach"]
