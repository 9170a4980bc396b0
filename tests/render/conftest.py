from __future__ import annotations

from tests.support.tools import helm, helm_binary, helm_home

__all__ = ["helm", "helm_binary", "helm_home"]
