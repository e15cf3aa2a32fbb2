#!/usr/bin/env bash
# Installs the Rust vhost-device-sound, to compare with, and prints its path. Built once, with cargo from crates.io,
# outside the source tree and with the null backend only, which needs no audio libraries.
# Without cargo it says so and prints nothing: the benchmarks then do without a peer.
set -euo pipefail
# shellcheck source=../scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"

version=0.3.0
peers=$(vhost4j_cache)/peers
program=$peers/vhost-device-sound-$version/bin/vhost-device-sound

if [ ! -x "$program" ]; then
  if ! cargo --version >/dev/null 2>&1; then
    warn "no cargo found, so there is no peer to compare with: install Rust to have one"
    exit 0
  fi
  mkdir -p "$peers"
  logged peer "Building the Rust vhost-device-sound $version (some minutes)" \
    cargo install --locked --version "$version" --no-default-features --root "${program%/bin/*}" vhost-device-sound ||
    die "the peer could not be built: see above"
fi
printf '%s\n' "$program"
