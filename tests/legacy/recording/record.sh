# shellcheck shell=bash
# One line in the file $RECORDING for each call: its words, separated by tabs. Line breaks are written as \n.
record() {
  local IFS=$'\t' line
  line="$*"
  printf '%s\n' "${line//$'\n'/\\n}" >>"$RECORDING"
}

# Sourced by a script (BASH_ENV), this also records what it asks: the words of its `read`.
read() {
  record read "$@"
  builtin read "$@"
}

# A recorded tool passes on to the real one where there is one; what it is given to apply is recorded too.
# Usage: record_tool NAME ARGUMENT…   Returns when the caller is to answer itself.
record_tool() {
  local tool=$1 body=
  shift
  case " $* " in
    *" --dry-run=server "*) record "$tool" "$@" ;; # manifests of whole releases, that nothing stores
    *" -f - "* | *" --filename=- "*)
      body=$(cat)
      record "$tool" "$@" "$body"
      [[ -z ${RECORDING_REAL:-} ]] || exec "$RECORDING_REAL/$tool" "$@" <<<"$body"
      ;;
    *) record "$tool" "$@" ;;
  esac
  [[ -z ${RECORDING_REAL:-} ]] || exec "$RECORDING_REAL/$tool" "$@"
}

# A tool that was asked for something it does not play must not look as if that had worked.
refuse() {
  echo "Error: the recording $* is not played" >&2
  exit 64
}
