#!/usr/bin/env bash
# Reference of the behaviour that platformctl replaces, faults included. Do not use: that is `platformctl all ENV` now.
# README.md beside this file says what it does in order, and which faults it has on purpose.
set -e

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

info() { echo "[INFO] $*"; }
warn() { echo "[WARN] $*"; }
error() { echo "[ERROR] $*"; }

usage() {
  cat <<USAGE
Usage: $0 [staging|stg|stage|production|prod] [OPTIONS]

The environment is staging unless it is named.

  --skip-libraries   only the application
  --libraries-only   only the libraries
  --dry-run          change nothing
  --help             this text
USAGE
}

parse() {
  environment=staging
  skip_libraries=false
  libraries_only=false
  dry_run=false
  if [[ $# -gt 0 && $1 != -* ]]; then
    environment=$1
    shift
  fi
  while [[ $# -gt 0 ]]; do
    case $1 in
      --skip-libraries) skip_libraries=true ;;
      --libraries-only) libraries_only=true ;;
      --dry-run)
        dry_run=true
        export DRY_RUN=true # deploy-prod.sh reads it; deploy-libraries.sh and deploy-stg.sh do not
        ;;
      --help | -h)
        usage
        exit 0
        ;;
      *)
        error "unknown option: $1"
        usage
        exit 1
        ;;
    esac
    shift
  done
}

validate_environment() {
  case $environment in
    staging | stg | stage) environment=staging ;;
    production | prod) environment=production ;;
    *)
      error "unknown environment: $environment (staging or production)"
      exit 1
      ;;
  esac
}

yes_or_no() { if [[ $1 == true ]]; then echo yes; else echo no; fi; }
opposite() { if [[ $1 == true ]]; then echo no; else echo yes; fi; }

print_plan() {
  info "Plan"
  echo "  environment: $environment"
  echo "  libraries:   $(opposite "$skip_libraries")"
  echo "  application: $(opposite "$libraries_only")"
  echo "  dry run:     $(yes_or_no "$dry_run")"
}

confirm() {
  local answer
  if [[ $environment != production || $dry_run == true ]]; then
    return 0
  fi
  warn "This deploys to production."
  read -r -p "Deploy to production? Type 'yes': " answer
  if [[ $answer != yes ]]; then
    info "Not deployed."
    exit 0
  fi
}

deploy_application() {
  case $environment in
    staging) "$HERE/deploy-stg.sh" ;;
    production) "$HERE/deploy-prod.sh" ;;
  esac
}

health_check() {
  local namespace
  info "Health check"
  kubectl cluster-info >/dev/null 2>&1 || warn "no connection to the cluster"
  if [[ $skip_libraries != true ]]; then
    kubectl get pods -n cert-manager -l app.kubernetes.io/name=cert-manager | grep Running ||
      warn "no pod of cert-manager is Running"
  fi
  case $environment in
    staging) namespace=stg ;;
    production) namespace=prod ;;
  esac
  kubectl get pods -n "$namespace" | grep Running || warn "no pod in namespace $namespace is Running"
}

summary() {
  info "Summary"
  echo "  environment: $environment"
  echo "  libraries:   $(opposite "$skip_libraries")"
  echo "  application: $(opposite "$libraries_only")"
  if [[ $dry_run == true ]]; then
    echo "  dry run: nothing was changed"
  fi
  info "Everything is deployed to $environment."
  if [[ $environment == production ]]; then
    warn "Do not forget:"
    echo "  - watch the metrics"
    echo "  - read the logs"
    echo "  - try every endpoint"
    echo "  - update the documentation"
  fi
}

parse "$@"
validate_environment
print_plan
confirm
if [[ $skip_libraries != true ]]; then
  "$HERE/deploy-libraries.sh"
  if [[ $libraries_only == true ]]; then
    info "Only the libraries were asked for."
    exit 0
  fi
  info "Waiting for the libraries"
  sleep 30
fi
if [[ $libraries_only != true ]]; then
  deploy_application
fi
if [[ $dry_run != true ]]; then
  health_check
fi
summary
