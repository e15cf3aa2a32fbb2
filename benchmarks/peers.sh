#!/usr/bin/env bash
# Installs native daemons, Rust's vhost-device-NAME, to compare with, and prints the path of each. Built once, with cargo
# from crates.io, outside the source tree; that of sound with the null backend only, which needs no audio libraries.
# What cannot be had here is left out, and stderr says why: tests and benchmarks then do without it. With --built first,
# only those that are there already are told, and nothing is built.
set -euo pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
# shellcheck source=../scripts/apt.sh
. "$(dirname "$0")/../scripts/apt.sh"

build=1
if [ "${1:-}" = --built ]; then
  build=0
  shift
fi
if [ $# -eq 0 ]; then
  echo "Usage: benchmarks/peers.sh [--built] can|console|gpio|i2c|input|sound|spi..." >&2
  exit 2
fi
peers=$(vhost4j_cache)/peers

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Takes libgpiod 2 out of its package, to be linked statically: installed, it would bring other versions of the tools that
# the tests use.
fetch_gpiod() {
  local release=() file
  if [ "$(debian_codename)" = bookworm ]; then release=(-t bookworm-backports); fi
  chmod 755 "$work" # for apt's own user
  (cd "$work" && apt-get download -qq "${release[@]}" libgpiod-dev && dpkg-deb -x libgpiod-dev_*.deb .) >&2 || return 1
  rm -f "$work"/usr/lib/*/libgpiod*.so
  file=$(compgen -G "$work/usr/lib/*/pkgconfig/libgpiod.pc") || return 1
  sed -i "s|^prefix=.*|prefix=$work/usr|" "$file"
  export PKG_CONFIG_PATH=${file%/*}
  pkg-config --atleast-version=2 libgpiod
}

has_libclang() { compgen -G "${LIBCLANG_PATH:-/usr/lib/llvm-*/lib}/libclang[-.][0-9s]*" >/dev/null; }

# can_be_built NAME: or says what is missing.
can_be_built() {
  if ! cargo --version >/dev/null 2>&1; then
    warn "no cargo found, so there is no vhost-device-$1 to compare with: install Rust to have one"
    return 1
  fi
  if [ "$1" = gpio ] && ! { has_libclang && fetch_gpiod; }; then
    warn "no libgpiod 2 or libclang to be had, so there is no vhost-device-gpio to compare with: see install-deps.sh peers"
    return 1
  fi
}

for name in "$@"; do
  version=0.1.0 options=()
  if [ "$name" = sound ]; then version=0.3.0 options=(--no-default-features); fi
  program=$peers/vhost-device-$name-$version/bin/vhost-device-$name
  if [ ! -x "$program" ]; then
    if [ "$build" = 0 ] || ! can_be_built "$name"; then continue; fi
    mkdir -p "$peers"
    # They have half of their libraries in common.
    logged "peer-$name" "Building Rust's vhost-device-$name $version (a minute or more)" \
      env CARGO_TARGET_DIR="$peers/build" \
      cargo install --locked --version "$version" "${options[@]}" --root "${program%/bin/*}" "vhost-device-$name" ||
      die "the peer could not be built: see above"
  fi
  # One that was built with a library which is gone is none.
  "$program" --version >/dev/null || continue
  printf '%s\n' "$program"
done
