#!/usr/bin/env bash
# Reference of the behaviour that platformctl replaces, faults included. Do not use: that is `platformctl stg` now.
# README.md beside this file says what it does in order, and which faults it has on purpose.
set -e

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

RELEASE=plate-web-stg
NAMESPACE=plate-stg
CHART=./helm/applications/plate-web
COMMON_VALUES=./scripts/legacy/common-values.yaml
VALUES=./helm/applications/plate-web/values-stg.yaml
SELECTOR=app.kubernetes.io/instance=$RELEASE

info() { echo "[INFO] $*"; }
warn() { echo "[WARN] $*"; }
error() { echo "[ERROR] $*"; }

check_helm() {
  if ! command -v helm >/dev/null 2>&1; then
    error "helm is not installed"
    exit 1
  fi
}

check_kubectl() {
  if ! kubectl cluster-info >/dev/null 2>&1; then
    error "no connection to the cluster"
    exit 1
  fi
}

validate_chart() {
  if [[ ! -f $CHART/Chart.yaml ]]; then
    error "there is no chart in $CHART"
    exit 1
  fi
  helm lint "$CHART" --values "$VALUES" --values "$COMMON_VALUES"
}

ensure_namespace() {
  kubectl create namespace "$NAMESPACE" --dry-run=client -o yaml | kubectl apply -f -
  kubectl label namespace "$NAMESPACE" environment=development --overwrite
}

upgrade() {
  helm upgrade --install "$RELEASE" "$CHART" \
    -n "$NAMESPACE" \
    --values "$COMMON_VALUES" \
    --values "$VALUES" \
    --wait --timeout=600s
}

show_status() {
  helm status "$RELEASE" -n "$NAMESPACE"
  kubectl get pods -n "$NAMESPACE" -l "$SELECTOR"
  kubectl get services -n "$NAMESPACE" -l "$SELECTOR"
  kubectl get ingresses -n "$NAMESPACE" -l "$SELECTOR"
}

show_access() {
  local host
  info "Access"
  for host in $(kubectl get ingresses -n "$NAMESPACE" -l "$SELECTOR" \
    -o 'jsonpath={.items[*].spec.rules[*].host}'); do
    echo "  https://$host"
  done
}

deploy() {
  check_helm
  check_kubectl
  validate_chart
  ensure_namespace
  upgrade
  show_status
  show_access
  info "Staging is deployed."
}

case ${1:-deploy} in
  deploy) deploy ;;
  status) show_status ;;
  delete)
    warn "Deleting $RELEASE in $NAMESPACE"
    helm uninstall "$RELEASE" -n "$NAMESPACE"
    ;;
  *)
    echo "Usage: $0 [deploy|status|delete]"
    exit 1
    ;;
esac
