#!/usr/bin/env bash
# Prints the path of a kernel module of ours for the kernel of a guest. What is not there yet is built, in seconds once
# the kernel is there. Kept in $XDG_CACHE_HOME (~/.cache), one directory per kernel and source.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$scripts/lib.sh"

driver=$scripts/../loopback-adapter/driver
if [ $# -gt 2 ] || [[ ${1:-} == -* ]]; then
  cat <<'END'
Usage: scripts/kernel-module.sh [KERNEL [DIRECTORY]]

  KERNEL     plain (the default) or debug, as of uml/prepare.sh, or one of guest/prepare.sh, such as 6.12
  DIRECTORY  where the source is (default: virtio-loopback)
END
  case $1 in -h | --help) exit ;; esac
  exit 2
fi
kernel=${1:-plain}
cd "${2:-$driver}"
module=$(sed -n 's/^obj-m := \(.*\)\.o$/\1/p' Kbuild)
shopt -s nullglob
shopt -s extglob
files=(Kbuild Makefile ./!(*.mod).[ch]) # not what a build there has left
case $kernel in
  plain | debug)
    guest=$("$scripts/uml/prepare.sh" "$kernel")
    name=$(basename "$(readlink -f "$guest/build/..")")
    ;;
  *)
    guest=$("$scripts/guest/prepare.sh" --kernel "$kernel")
    name=$(cat "$guest/ready")
    ;;
esac
recipe=$({ echo "$name"; cat "${files[@]}"; } | sha256sum | head -c 8)
ready=$(vhost4j_cache)/module-$module-$recipe

build() {
  cp "${files[@]}" "$work/"
  make -C "$work" "${make[@]}" modules
}

if [ ! -e "$ready" ]; then
  if [ -e "$guest/build" ]; then
    make=(KDIR="$guest/build" ARCH=um KBUILD_MODPOST_WARN=1)
  elif [ -e "$guest/headers" ]; then
    make=(KDIR="$guest/headers/build")
  else
    "$scripts/install-deps.sh" loopback
    headers=$("$driver/selftests/debian-headers.sh" "$name") ||
      die "the headers of the guest's kernel are gone; scripts/guest/prepare.sh --rebuild fetches the newest kernel"
    make=(KDIR="$headers")
  fi
  work=$(mktemp -d "$ready.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  logged "module-$module-$kernel" "Compiling the module $module for Linux ${name#uml-kernel-}" build
  chmod 755 "$work"
  mv -T "$work" "$ready" 2>/dev/null || [ -e "$ready" ] # another was faster
fi
printf '%s\n' "$ready/$module.ko"
