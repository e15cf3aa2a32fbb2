#!/usr/bin/env bash
# Prints the build tree (KDIR) of a Debian kernel, unpacked from its packages without installing them. VERSION is a whole
# one, as uname -r prints it, or its beginning, as 6.1: then the newest. Kept in $XDG_CACHE_HOME (~/.cache).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../../scripts/lib.sh
. "$root/scripts/lib.sh"

if [ $# -ne 1 ] || [[ $1 == -* ]]; then
  printf 'Usage: loopback-adapter/driver/selftests/debian-headers.sh VERSION\n' >&2
  exit 2
fi

# find_package: the newest package of headers for amd64 with that version.
find_package() {
  apt-cache pkgnames "linux-headers-$1" 2>/dev/null |
    grep -E "^linux-headers-${1//[.+]/\\&}([.+-][0-9].*)?-amd64$|^linux-headers-${1//[.+]/\\&}$" |
    grep -vE -- '-(cloud|rt)-amd64$' | sort -V | tail -n 1
}

fetch() {
  local kbuild file
  cd "$work"
  kbuild=$(apt-cache show "$package" | sed -n 's/^Depends:.*\(linux-kbuild-[^ ,]*\).*/\1/p' | head -n 1)
  apt-get -q -o Acquire::Retries=3 -o APT::Sandbox::User= download "$package" "${package%-amd64}-common" "$kbuild"
  for file in *.deb; do dpkg -x "$file" .; done
  rm ./*.deb
  # Without it no one asks for pahole.
  rm -f "usr/src/$package/vmlinux"
  # It names the place where it would be installed.
  sed -i "s|/usr/src/|$target/usr/src/|" "usr/src/$package/Makefile"
}

package=$(find_package "$1")
[ -n "$package" ] || "$root/scripts/install-deps.sh" refresh
package=$(find_package "$1")
[ -n "$package" ] || die "apt knows no linux-headers-$1*-amd64; is the right suite enabled?"
cache=$(vhost4j_cache)
target=$cache/$package
if [ ! -e "$target" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/linux-headers.lock"
  flock 9
fi
if [ ! -e "$target" ]; then
  rm -rf "$cache"/linux-headers-new.*
  work=$(mktemp -d "$cache/linux-headers-new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  logged linux-headers "Fetching ${package#linux-headers-}'s headers" fetch
  chmod 755 "$work"
  mv -T "$work" "$target"
fi
printf '%s\n' "$target/usr/src/$package"
