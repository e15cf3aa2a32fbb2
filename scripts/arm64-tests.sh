#!/usr/bin/env bash
# Runs the unit tests of vhost-core on a Java for arm64, under QEMU's user mode emulation.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

usage() {
  cat <<'END2'
Usage: scripts/arm64-tests.sh [TEST]

Fetches Debian's Java runtime for arm64 with apt into the cache (nothing is installed from it), and runs the unit
tests of vhost-core, or those that TEST names (as surefire's -Dtest), on it with qemu-aarch64-static.

This shows that structures, system calls and the native libraries of Netty and JNA are right on arm64. It shows
nothing about memory order: on an x86 host emulated threads see each other's stores in order, as an arm64 processor
would not.
END2
}

case ${1:-} in
  -h | --help)
    usage
    exit
    ;;
  -*)
    usage >&2
    exit 2
    ;;
esac

scripts/install-deps.sh arm64
JAVA_HOME=$(find_jdk 17) || die "no JDK 17 or newer was found; set JAVA_HOME to one"
export JAVA_HOME

codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
root=$(vhost4j_cache)/arm64-$codename

# Unpacks the runtime and all that it depends on. Maintainer scripts are not run: a headless Java needs none.
prepare_root() {
  local new=$root.new file link target
  rm -rf "$new"
  mkdir -p "$new"/{root,state/lists/partial,cache/archives/partial}
  touch "$new/status"
  local apt=(apt-get -q -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=
    -o Dir::State="$new/state" -o Dir::State::status="$new/status" -o Dir::Cache="$new/cache" -o Acquire::Retries=3)
  "${apt[@]}" update
  "${apt[@]}" install --download-only --no-install-recommends default-jre-headless
  for file in "$new"/cache/archives/*.deb; do
    dpkg-deb -x "$file" "$new/root"
  done
  # Links to absolute names would leave the directory.
  find "$new/root" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    target=$(readlink "$link")
    ln -sfnr "$new/root$target" "$link"
  done
  rm -rf "$new/state" "$new/cache" "$new"/{status,lock,lock-frontend} "$root"
  mkdir "$new/bin"
  printf '#!/bin/sh\nexec qemu-aarch64-static -L "%s" "%s" "$@"\n' \
    "$root/root" "$root/root/usr/lib/jvm/default-java/bin/java" >"$new/bin/java"
  chmod +x "$new/bin/java"
  mv "$new" "$root"
}

if [ ! -x "$root/bin/java" ]; then
  export -f prepare_root
  export root
  logged arm64-runtime "Fetching Java for arm64" bash -euo pipefail -c prepare_root
fi
say "$("$root/bin/java" -version 2>&1 | head -n 1), $("$root/bin/java" -XshowSettings:properties -version 2>&1 |
  sed -n 's/^ *os.arch = /os.arch /p')"

# Left out. Two tests of descriptors for which there was no room: under the emulator they stay open. One of files that
# cannot be memory: one of them is mapped there. One of truncated memory: HotSpot 17 ends (see ARCHITECTURE.md).
test='!VhostUserChannelTest#c1_moreDescriptors*,!ProtocolGarbageTest#moreDescriptors*'
test+=',!OddDescriptorsTest#aFileThatCannotBeMemory*,!GuestMemoryTest#accessToATruncatedFile*'
logged arm64-tests "Testing vhost-core on it (takes a while: everything is emulated)" \
  mvn -B -pl vhost-core test "-Djvm=$root/bin/java" "-Dtest=${1:-$test}"
grep -E 'Tests run:.*[0-9]$' "$(log_file arm64-tests)" | tail -n 1
