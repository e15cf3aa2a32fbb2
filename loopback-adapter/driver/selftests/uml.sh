#!/usr/bin/env bash
# Builds the module for user-mode Linux and puts it to the test there. See usage.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../../scripts/lib.sh
. "$root/scripts/lib.sh"

usage() {
  cat <<'END'
Usage: loopback-adapter/driver/selftests/uml.sh [option...] [TEST...]

  --kernel VARIANT  debug (the default: with KASAN, lockdep, UBSAN and more) or plain, which is faster
  --cpus N          processors of the guest (default 2)
  --fuzz SECONDS    garbage after the tests (default 60; 0: none)
  --seed N          of the garbage (default: the time)
  --cycles N        load and unload the module (default 100)
  --console FILE    keep the kernel's messages
  TEST              only these tests, and no garbage and cycles unless asked for; --list names them

Needs no root. The kernel is built once, for minutes, and kept in ~/.cache. Status: 0 if all passed and the kernel had
nothing to complain of.
END
}

kernel=debug cpus=2 fuzz='' seed=$(date +%s) cycles='' console='' tests=()
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
guest=$("$root/scripts/uml/prepare.sh" "$kernel")

build() {
  cp -r "$here/.." "$work/driver"
  make -C "$work/driver" KDIR="$guest/build" ARCH=um KBUILD_MODPOST_WARN=1 modules
  mkdir "$work/share"
  make -C "$work/driver/selftests" O="$work/share"
  cp "$work/driver/virtio-loopback.ko" "$here/run.sh" "$work/share/"
}
logged loopback-driver "Building the module and its tests" build

console=${console:-$work/console}
printf 'sh /share/run.sh %s\n' "$fuzz $seed $cycles ${tests[*]}" >"$work/script"
status=0
"$root/scripts/uml/boot.sh" --kernel "$kernel" --cpus "$cpus" --memory 768 --timeout $((fuzz + 900)) \
  --share "$work/share" --run "$work/script" --console "$console" || status=$?
"$here/complaints.sh" "$console" || status=1
exit "$status"
