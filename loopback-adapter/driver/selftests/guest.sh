#!/usr/bin/env bash
# Builds the module for a kernel and puts it to the test in a guest that runs it. See usage.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../../scripts/lib.sh
. "$root/scripts/lib.sh"

usage() {
  cat <<'END'
Usage: loopback-adapter/driver/selftests/guest.sh [option...] [TEST...]

  --kernel KERNEL   debug (the default: user-mode Linux with KASAN, lockdep, UBSAN and more), plain (the same without
                    these, which is faster), or a kernel of Debian under QEMU, such as 6.12
  --compile         only compile, with all warnings
  --cpus N          processors of the guest (default 2)
  --fuzz SECONDS    garbage after the tests (default 60; 0: none)
  --seed N          of the garbage (default: the time)
  --cycles N        load and unload the module (default 100)
  --console FILE    keep the kernel's messages
  TEST              only these tests, and no garbage and cycles unless asked for; --list names them

Needs no root, unless packages are missing. Kernels are fetched or built once, for minutes, and kept in ~/.cache. Status:
0 if all passed and the kernel had nothing to complain of.
END
}

kernel=debug compile=0 cpus=2 fuzz='' seed=$(date +%s) cycles='' console='' tests=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --list)
      sed -n 's/^\tTEST(\(.*\)),$/\1/p' "$here/test.c"
      exit
      ;;
    --compile) compile=1 ;;
    --kernel | --cpus | --fuzz | --seed | --cycles | --console)
      [ $# -gt 1 ] || die "$1 needs a value"
      declare "${1#--}=$2"
      shift
      ;;
    -*)
      usage >&2
      exit 2
      ;;
    *) tests+=("$1") ;;
  esac
  shift
done
if [ ${#tests[@]} -gt 0 ]; then
  fuzz=${fuzz:-0} cycles=${cycles:-0}
fi
fuzz=${fuzz:-60} cycles=${cycles:-100}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $kernel in
  debug | plain)
    make=(KDIR="$("$root/scripts/uml/prepare.sh" "$kernel")/build" ARCH=um KBUILD_MODPOST_WARN=1)
    boot=("$root/scripts/uml/boot.sh" --kernel "$kernel" --memory 768)
    ;;
  *)
    version=$kernel
    if [ "$compile" = 0 ]; then version=$(cat "$("$root/scripts/guest/prepare.sh" --kernel "$kernel")/ready"); fi
    "$root/scripts/install-deps.sh" uml
    make=(KDIR="$("$here/debian-headers.sh" "$version")")
    boot=("$root/scripts/guest/boot.sh" --kernel "$kernel" --memory 768)
    ;;
esac

build() {
  cp -r "$here/.." "$work/driver"
  make -C "$work/driver" "${make[@]}" W=1 modules
  mkdir "$work/share"
  make -C "$work/driver/selftests" O="$work/share"
  cp "$work/driver/virtio-loopback.ko" "$here/in-guest.sh" "$work/share/"
}
logged "loopback-driver-$kernel" "Building the module for $kernel, and its tests" build
if [ "$compile" = 1 ]; then exit; fi

console=${console:-$work/console}
printf 'sh /share/in-guest.sh %s\n' "$fuzz $seed $cycles ${tests[*]}" >"$work/script"
status=0
"${boot[@]}" --cpus "$cpus" --timeout $((fuzz + 1200)) --share "$work/share" --run "$work/script" \
  --console "$console" || status=$?
"$here/complaints.sh" "$console" || status=1
exit "$status"
