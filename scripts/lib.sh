# shellcheck shell=bash
# Sourced by the other scripts: messages, logged steps, and where things are kept.

# Everything downloaded or built outside the source tree: guests, logs, runtimes.
vhost4j_cache() {
  printf '%s\n' "${XDG_CACHE_HOME:-${HOME:-/tmp/vhost4j-$UID}/.cache}/vhost4j"
}

# log_file NAME: where the output of a logged step goes, apart for each checkout of the sources.
log_file() {
  local checkout
  checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  printf '%s/logs/%s-%s/%s.log\n' "$(vhost4j_cache)" "${checkout##*/}" "$(cksum <<<"$checkout" | cut -d' ' -f1)" "$1"
}

say() { printf '==> %s\n' "$*" >&2; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  warn "$*"
  exit 1
}

# end_group PID: ends a process group, by force after five seconds, and returns when nothing of it is left.
end_group() {
  local beats=0
  kill -- -"$1" 2>/dev/null || return 0
  while kill -0 -- -"$1" 2>/dev/null && [ "$beats" -lt 120 ]; do
    sleep 0.05
    beats=$((beats + 1))
    if [ "$beats" -eq 100 ]; then kill -9 -- -"$1" 2>/dev/null || true; fi
  done
}

# logged NAME MESSAGE COMMAND...
# Runs COMMAND with its output in a log file. Meanwhile shows MESSAGE, the seconds gone and the log's last line
# (in place on a terminal, otherwise one line every 20 s). On failure shows the log's tail and gives the status back.
# With VHOST4J_VERBOSE=1 the output is shown as it comes.
logged() {
  local name=$1 message=$2 log start=$SECONDS status=0 pid beat=20 last traps
  shift 2
  log=$(log_file "$name")
  mkdir -p "${log%/*}"
  say "$message"
  if [ "${VHOST4J_VERBOSE:-0}" = 1 ]; then
    "$@" 2>&1 </dev/null | tee "$log" >&2
    return "${PIPESTATUS[0]}"
  fi
  # In a process group of its own, so that an interrupt here can end all of it.
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  traps=$(trap -p INT TERM)
  trap 'end_group "$pid"; exit 130' INT
  trap 'end_group "$pid"; exit 143' TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if [ -t 2 ]; then
      printf '\r\e[K    %3d s  %.60s' $((SECONDS - start)) "$(logged_last_line "$log")" >&2
    elif [ $((SECONDS - start)) -ge "$beat" ]; then
      last=$(logged_last_line "$log")
      printf '    %3d s  %.100s\n' $((SECONDS - start)) "$last" >&2
      beat=$((SECONDS - start + 20))
    fi
  done
  wait "$pid" || status=$?
  trap - INT TERM
  eval "$traps"
  if [ -t 2 ]; then printf '\r\e[K' >&2; fi
  if [ "$status" -ne 0 ]; then
    printf '    failed with status %d after %d s; the last lines of %s:\n' "$status" $((SECONDS - start)) "$log" >&2
    tail -n 40 "$log" | sed 's/\x1b\[[0-9;]*[A-Za-z]//g; s/^/    | /' >&2
  fi
  return "$status"
}

logged_last_line() {
  tail -c 400 "$1" | tr '\r' '\n' | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' | grep -v '^[[:space:]]*$' | tail -n 1 |
    tr -d '\000-\037'
}

# jdk_version HOME: prints the major version of the JDK (with javac) at HOME, without starting it.
jdk_version() {
  local version
  if [ ! -x "$1/bin/javac" ] || [ ! -r "$1/release" ]; then return 1; fi
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  [ -n "$version" ] && printf '%s\n' "$version"
}

# find_jdk MINIMUM: prints the home of the JDK to build with: JAVA_HOME, then javac on the PATH, then /usr/lib/jvm.
find_jdk() {
  local home version javac
  javac=$(command -v javac) && javac=$(readlink -f "$javac")
  for home in "${JAVA_HOME:-}" "${javac%/bin/javac}" /usr/lib/jvm/*; do
    if [ -n "$home" ] && version=$(jdk_version "$home") && [ "$version" -ge "$1" ]; then
      readlink -f "$home"
      return
    fi
  done
  return 1
}
