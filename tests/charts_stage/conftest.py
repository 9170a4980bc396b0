from __future__ import annotations

from tests.charts_stage.certificates import certificates
from tests.support.tools import helm, helm_binary, helm_home

__all__ = ["certificates", "helm", "helm_binary", "helm_home"]
