#!/usr/bin/env bash
# Prints the directory of a runnable user-mode Linux: the program linux, the folder root with busybox, aplay and
# arecord of the host, and build (see kernel.sh). What is not there yet is built; the kernel takes minutes. Needs no
# root, unless packages are missing. Kept in $XDG_CACHE_HOME (~/.cache), one directory per recipe.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. ../lib.sh
# shellcheck source-path=SCRIPTDIR source=../guest-lib.sh
. ../guest-lib.sh

variant=${1:-plain}
if [ $# -gt 1 ] || [[ ! $variant =~ ^(plain|debug)$ ]]; then
  printf 'Usage: scripts/uml/prepare.sh [plain|debug]\n'
  case $1 in -h | --help) exit ;; esac
  exit 2
fi

# setpriv: the build ends however this script ends.
kernel=$(setpriv --pdeathsig TERM ./kernel.sh "$variant")
cache=$(vhost4j_cache)
recipe=$({ basename "$kernel"; cat prepare.sh init ../guest-lib.sh ../guest-session.sh; } | sha256sum | head -c 8)
ready=$cache/uml-$recipe

build() {
  mkdir "$work/root"
  add_userland "$work/root" .. init
  ln -s "$kernel/linux" "$kernel/build" "$work/"
}

if [ ! -e "$ready" ]; then
  exec 9>"$cache/uml.lock"
  flock 9
fi
if [ ! -e "$ready" ]; then
  ../install-deps.sh uml
  work=$(mktemp -d "$cache/uml-new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  logged uml "Gathering the programs for user-mode Linux" build
  chmod 755 "$work"
  mv -T "$work" "$ready"
fi
printf '%s\n' "$ready"
