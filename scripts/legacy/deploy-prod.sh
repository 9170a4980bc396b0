#!/usr/bin/env bash
# Reference of the behaviour that platformctl replaces, faults included. Do not use: that is `platformctl prod` now.
# README.md beside this file says what it does in order, and which faults it has on purpose.
set -e

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

RELEASE=plate-web-prod
NAMESPACE=plate-prod
CHART=./helm/applications/plate-web
COMMON_VALUES=./scripts/legacy/common-values.yaml
VALUES=./helm/applications/plate-web/values-prod.yaml
SELECTOR=app.kubernetes.io/instance=$RELEASE
DRY_RUN=${DRY_RUN:-false}
SKIP_BACKUP=${SKIP_BACKUP:-false}

info() { echo "[INFO] $*"; }
warn() { echo "[WARN] $*"; }
error() { echo "[ERROR] $*"; }

confirm() {
  local answer
  if [[ $DRY_RUN == true ]]; then
    info "Dry run: nothing is changed."
    return 0
  fi
  warn "This deploys $RELEASE to production, namespace $NAMESPACE."
  read -r -p "Go on? Type 'yes': " answer
  if [[ $answer != yes ]]; then
    info "Not deployed."
    exit 0
  fi
}

check_helm() {
  if ! command -v helm >/dev/null 2>&1; then
    error "helm is not installed"
    exit 1
  fi
}

check_kubectl() {
  local context answer
  if ! kubectl cluster-info >/dev/null 2>&1; then
    error "no connection to the cluster"
    exit 1
  fi
  context=$(kubectl config current-context)
  info "Context $context"
  if [[ ! $context =~ prod|production ]]; then
    warn "The name of context $context says neither prod nor production."
    read -r -p "Go on anyway? (y/N): " answer
    if [[ ! $answer =~ ^[Yy]$ ]]; then
      exit 1
    fi
  fi
}

validate_chart() {
  if [[ ! -f $CHART/Chart.yaml ]]; then
    error "there is no chart in $CHART"
    exit 1
  fi
  helm lint "$CHART" --values "$VALUES" --values "$COMMON_VALUES"
  helm template "$RELEASE" "$CHART" -n "$NAMESPACE" --values "$COMMON_VALUES" --values "$VALUES" >/dev/null
}

backup() {
  local folder
  if [[ $SKIP_BACKUP == true ]]; then
    info "No backup (SKIP_BACKUP)"
    return 0
  fi
  folder=./backups/$(date +%Y%m%d-%H%M%S)
  mkdir -p "$folder"
  helm get values "$RELEASE" -n "$NAMESPACE" >"$folder/current-values.yaml" 2>/dev/null ||
    warn "There is no release to back up."
  helm get manifest "$RELEASE" -n "$NAMESPACE" >"$folder/current-manifest.yaml" 2>/dev/null ||
    warn "There is no manifest to back up."
  info "Backup in $folder"
}

ensure_namespace() {
  kubectl create namespace "$NAMESPACE" --dry-run=client -o yaml | kubectl apply -f -
  kubectl label namespace "$NAMESPACE" environment=production --overwrite
}

upgrade() {
  local options=(--wait --timeout=600s --atomic)
  if [[ $DRY_RUN == true ]]; then
    options+=(--dry-run)
  fi
  helm upgrade --install "$RELEASE" "$CHART" \
    -n "$NAMESPACE" \
    --values "$COMMON_VALUES" \
    --values "$VALUES" \
    "${options[@]}"
}

verify() {
  if [[ $DRY_RUN == true ]]; then
    return 0
  fi
  kubectl wait --for=condition=ready pod -l "$SELECTOR" -n "$NAMESPACE" --timeout=300s
  kubectl rollout status deployment -l "$SELECTOR" -n "$NAMESPACE" --timeout=300s
}

show_status() {
  helm status "$RELEASE" -n "$NAMESPACE"
  kubectl get pods -n "$NAMESPACE" -l "$SELECTOR" -o wide
  kubectl get services -n "$NAMESPACE" -l "$SELECTOR"
  kubectl get ingresses -n "$NAMESPACE" -l "$SELECTOR"
  kubectl get hpa -n "$NAMESPACE" -l "$SELECTOR" 2>/dev/null || true
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
  confirm
  check_helm
  check_kubectl
  validate_chart
  backup
  ensure_namespace
  upgrade
  verify
  show_status
  show_access
  info "Production is deployed."
}

case ${1:-deploy} in
  deploy) deploy ;;
  status) show_status ;;
  rollback)
    revision=${2:-1}
    warn "Rolling $RELEASE back to revision $revision"
    helm rollback "$RELEASE" "$revision" -n "$NAMESPACE"
    ;;
  delete)
    error "Production is not deleted by a script."
    info "By hand: helm uninstall $RELEASE -n $NAMESPACE"
    exit 1
    ;;
  *)
    echo "Usage: [DRY_RUN=true] [SKIP_BACKUP=true] $0 [deploy|status|rollback [REVISION]]"
    exit 1
    ;;
esac
