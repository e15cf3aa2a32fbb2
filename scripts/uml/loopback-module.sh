#!/usr/bin/env bash
# Prints the path of virtio-loopback.ko for the user-mode Linux of prepare.sh. What is not there yet is built, in seconds
# once the kernel is there. Kept in $XDG_CACHE_HOME (~/.cache), one directory per source.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. ../lib.sh

variant=${1:-plain}
guest=$(./prepare.sh "$variant")
driver=$PWD/../../loopback-adapter/driver
recipe=$({ basename "$(readlink -f "$guest/build/..")"; cd "$driver" && cat Kbuild Makefile ./*.[ch]; } | sha256sum | head -c 8)
ready=$(vhost4j_cache)/uml-loopback-$recipe

build() {
  cp "$driver"/{Kbuild,Makefile,*.[ch]} "$work/"
  make -C "$work" KDIR="$guest/build" ARCH=um KBUILD_MODPOST_WARN=1 modules
}

if [ ! -e "$ready" ]; then
  work=$(mktemp -d "$ready.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  logged "loopback-module-$variant" "Building the module virtio-loopback" build
  chmod 755 "$work"
  mv -T "$work" "$ready" 2>/dev/null || [ -e "$ready" ] # another was faster
fi
printf '%s\n' "$ready/virtio-loopback.ko"
