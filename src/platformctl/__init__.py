"""Deployment orchestrator for Kubernetes platforms: Git to cluster, safely, through helm and kubectl."""
