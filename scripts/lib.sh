# shellcheck shell=bash
# What scripts/demo, scripts/test, scripts/lock and .ci/run share. Sourced, never run; needs bash 3.2 and nothing else.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'Error: %s\n' "$*" >&2
  exit 11
}
