#!/usr/bin/env bash
# Reference of the behaviour that platformctl replaces, faults included. Do not use: that is `platformctl libraries` now.
# README.md beside this file says what it does in order, and which faults it has on purpose.
set -e

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

COMMON_VALUES=./scripts/legacy/common-values.yaml
CERT_MANAGER_VERSION=v1.13.0
CERT_MANAGER_CRDS=https://github.com/cert-manager/cert-manager/releases/download/$CERT_MANAGER_VERSION/cert-manager.crds.yaml

info() { echo "[INFO] $*"; }
error() { echo "[ERROR] $*"; }

check_tools() {
  if ! command -v helm >/dev/null 2>&1; then
    error "helm is not installed"
    exit 1
  fi
  if ! kubectl cluster-info >/dev/null 2>&1; then
    error "no connection to the cluster"
    exit 1
  fi
}

deploy_cert_manager() {
  info "cert-manager"
  helm repo add jetstack https://charts.jetstack.io
  helm repo update
  kubectl apply -f "$CERT_MANAGER_CRDS"
  helm upgrade --install cert-manager jetstack/cert-manager \
    -n cert-manager --create-namespace \
    --version "$CERT_MANAGER_VERSION" \
    --set installCRDs=true
  kubectl wait --for=condition=ready pod -l app.kubernetes.io/name=cert-manager -n cert-manager --timeout=300s
  helm upgrade --install cert-manager-issuers ./helm/cluster-services/cert-manager-issuers \
    -n cert-manager \
    --values "$COMMON_VALUES"
}

deploy_jenkins() {
  info "Jenkins"
  helm repo add jenkins https://charts.jenkins.io
  helm repo update
  helm upgrade --install jenkins jenkins/jenkins \
    -n jenkins --create-namespace \
    --values "$COMMON_VALUES" \
    --values ./helm/development-tools/jenkins/values.yaml
}

deploy_metallb() {
  info "MetalLB"
  helm repo add metallb https://metallb.github.io/metallb
  helm repo update
  helm upgrade --install metallb metallb/metallb \
    -n metallb-system --create-namespace
  # The address pool. MetalLB's own manifests lie in the same folder.
  kubectl apply -f ./scripts/legacy/metallb/
}

show_pods() {
  info "Pods"
  kubectl get pods -n cert-manager
  kubectl get pods -n jenkins
  kubectl get pods -n metallb-system
}

check_tools
deploy_cert_manager
deploy_jenkins
deploy_metallb
show_pods
