#!/usr/bin/env bash
# Prints the directory of a bootable guest (vmlinuz, initramfs.gz), after building it if it is not there yet: Debian's
# own Linux 6.12 as it is packaged, with busybox, aplay, arecord and the modules for virtio devices and 9p
# around it; or one of a later release of Debian, see later.sh. Needs no root. Kept in $XDG_CACHE_HOME (~/.cache), one
# directory per kernel and recipe.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. ../lib.sh
# shellcheck source-path=SCRIPTDIR source=../guest-lib.sh
. ../guest-lib.sh
# shellcheck source-path=SCRIPTDIR source=../apt.sh
. ../apt.sh
# shellcheck source-path=SCRIPTDIR source=later.sh
. ./later.sh

usage() {
  cat <<'END'
Usage: scripts/guest/prepare.sh [--kernel VERSION] [--rebuild]

  --kernel VERSION  a kernel of the distribution, such as 6.12 (the default: the newest 6.12) or 6.1, or a suite of a
                    later release, trixie-backports: then with drivers for more devices, and, in the directory programs,
                    QEMU and what guests run
  --rebuild         fetch the newest kernel and build anew, even if a guest is there
END
}

kernel=6.12
rebuild=0
while [ $# -gt 0 ]; do
  case $1 in
    --kernel)
      kernel=${2:?--kernel needs a version}
      shift 2
      ;;
    --rebuild)
      rebuild=1
      shift
      ;;
    -h | --help)
      usage
      exit
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done

# The programs in the guest are the host's own.
[ "$(uname -m)" = x86_64 ] || die "the guest needs an x86-64 host: it runs the host's aplay on an amd64 kernel"

later=0
if [[ $kernel == [a-z]* ]]; then later=1; fi

# virtio_snd for the sound cards, virtio_rng for /dev/hwrng, virtio_blk and virtio_input with evdev for the tests of the
# loopback module, vduse and virtio_vdpa for its other kernel side, 9p for the directories shared with the host; what they
# need is found below.
modules=(virtio_snd virtio_rng virtio_blk virtio_input evdev vduse virtio_vdpa 9pnet_virtio 9p)
recipe=$(cat prepare.sh later.sh init ../guest-lib.sh ../guest-session.sh | sha256sum | head -c 8)
cache=$(vhost4j_cache)

# The newest complete guest of this recipe.
find_guest() {
  local found
  found=$(printf '%s\n' "$cache/guest-$kernel"[.+-]*"-$recipe/ready" | sort -V | tail -n 1)
  [ -e "$found" ] && printf '%s\n' "${found%/ready}"
}

# kernel_packages VERSION: names of the distribution's matching plain kernels, newest first.
kernel_packages() {
  apt-cache pkgnames "linux-image-$1" 2>/dev/null |
    grep -E "^linux-image-${1//./\\.}[.+-][0-9.]*[^-]*(-[0-9]+)?-amd64-unsigned$" | sort -rV
}

fetch_kernel() {
  local package
  for package in $(kernel_packages "$kernel" | head -n 3); do
    if apt-get -q -o Acquire::Retries=3 -o APT::Sandbox::User= download "$package"; then
      return
    fi
  done
  echo "no Linux $kernel for amd64 could be fetched"
  return 1
}

unpacked() {
  case $1 in
    *.xz) xz -dc "$1" ;;
    *.zst) zstd -dcq "$1" ;;
    *) cat "$1" ;;
  esac
}

# Unpacks a module after those it needs, and notes the order. One that is built into the kernel needs nothing.
add_module() {
  local pattern=${1//[-_]/[-_]} file depends name
  file=$(find modules -name "$pattern.ko*" -print -quit)
  if [ -z "$file" ]; then
    if grep -q "/$pattern\.ko$" modules/modules.builtin; then return 0; fi
    echo "the kernel has no module $1"
    return 1
  fi
  name=${file##*/}
  name=${name%%.ko*}.ko
  if [ -e "root/modules/$name" ]; then return 0; fi
  unpacked "$file" >"root/modules/$name"
  depends=$(tr '\0' '\n' <"root/modules/$name" | sed -n 's/^depends=//p')
  for depends in ${depends//,/ }; do add_module "$depends"; done
  echo "$name" >>root/modules/order
}

# Both leave vmlinuz and the folder modules, and the kernel's name in $name.
unpack_own() {
  fetch_kernel
  dpkg -x ./linux-image-*.deb kernel
  name=$(basename kernel/boot/vmlinuz-*)
  name=${name#vmlinuz-}
  mv "kernel/boot/vmlinuz-$name" vmlinuz
  # Under /lib in Debian 12, under /usr/lib since.
  mv "$(find kernel -type d -path "*/lib/modules/$name" -print -quit)" modules
  rm -r kernel linux-image-*.deb
}

unpack_later() {
  fetch_later "$kernel"
  name=$(basename kernel/usr/lib/modules/*)
  mv "kernel/usr/lib/modules/$name" modules
  mv modules/vmlinuz.unsigned vmlinuz
  arrange_programs
  arrange_headers "$name"
  build_drivers
  mv drivers/*.ko modules/
  modules=("${later_modules[@]}")
  rm -r kernel drivers
}

build() {
  local here=$PWD name module
  cd "$work"
  if [ "$later" = 1 ]; then unpack_later; else unpack_own; fi

  mkdir -p root/modules
  add_userland root "$here/.." "$here/init"
  for module in "${modules[@]}"; do add_module "$module"; done
  (cd root && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >initramfs.gz

  rm -r modules root
  printf '%s\n' "$name" >ready
}

mkdir -p "$cache"
exec 9>"$cache/guest.lock"
if [ "$rebuild" = 0 ] && find_guest; then exit; fi
flock 9
if [ "$rebuild" = 0 ] && find_guest; then exit; fi
if [ "$later" = 1 ]; then
  ../install-deps.sh loopback
  what="a guest of Debian's $kernel, with its QEMU (downloads 350 MB"
else
  ../install-deps.sh guest
  [ -n "$(kernel_packages "$kernel")" ] || ../install-deps.sh refresh
  [ -n "$(kernel_packages "$kernel")" ] ||
    die "apt knows no linux-image-$kernel*-amd64-unsigned; is the right suite enabled?"
  what="the Linux $kernel guest (downloads about 100 MB"
fi
work=$(mktemp -d "$cache/guest-new.XXXXXX")
trap 'rm -rf "$work"' EXIT
logged guest "Building $what once)" build
name=$(cat "$work/ready")
if [ "$later" = 1 ]; then name=$kernel-$name; fi
target=$cache/guest-$name-$recipe
rm -rf "$target"
chmod 755 "$work"
mv -T "$work" "$target"
trap - EXIT
printf '%s\n' "$target"
