#!/usr/bin/env bash
# Prints the directory of a user-mode Linux kernel: the program linux, and build, against which modules of one's own are
# made (make -C DIR/build ARCH=um M=...). If it is not there yet it is built from Debian's package of the source, which
# takes minutes. Kept in $XDG_CACHE_HOME (~/.cache), one directory per recipe; remove it to build anew.
# With the argument "debug" it is a kernel that complains of mistakes in a module (config-debug).
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. ../lib.sh
# shellcheck source-path=SCRIPTDIR source=../apt.sh
. ../apt.sh

[ "$(uname -m)" = x86_64 ] || die "user-mode Linux needs an x86-64 host"

variant=${1:-plain}
unchecked=()
case $variant in
  plain) configs=("$here/config") ;;
  debug)
    configs=("$here/config" "$here/config-debug")
    # What is watched closely is the module, whose own flags stay; the kernel around it compiles in less than half the time.
    unchecked=(CFLAGS_KASAN= CFLAGS_UBSAN=)
    ;;
  *) die "there is no kernel \"$variant\", only plain and debug" ;;
esac

# The first that has the drivers of spi, can and rtc. A suite keeps few versions: if this one is gone the newest serves.
version=7.3
suite=trixie-backports
cache=$(vhost4j_cache)
kernel=$cache/uml-kernel-$version-$variant-$(cat kernel.sh "${configs[@]}" | sha256sum | head -c 8)

# apt with that suite alone; the machine's own lists stay as they are.
suite_apt() {
  local program=$1
  shift
  "$program" -q -o Dir::State="$work/apt" -o Dir::Cache="$work/apt" -o Dir::Etc::SourceList=/dev/null \
    -o Dir::Etc::SourceParts="$work/apt/sources" -o APT::Sandbox::User= -o Acquire::Retries=3 \
    -o Acquire::Languages=none "$@"
}

# Leaves the package of the source in the current directory.
fetch_source() {
  local package
  mkdir -p "$work"/apt/{lists/partial,archives/partial,sources}
  printf '%s\n' "$source" >"$work/apt/sources/$(source_file suite "$source")"
  suite_apt apt-get update
  package=$(suite_apt apt-cache pkgnames linux-source- | grep -xE 'linux-source-[0-9.]+' | sort -V |
    awk -v wanted="linux-source-$version" '{ newest = $0 } $0 == wanted { found = $0 }
      END { print found ? found : newest }')
  if [ -z "$package" ]; then
    echo "$suite has no package linux-source-*"
    return 1
  fi
  suite_apt apt-get download "$package"
}

# Unpacks the source without the largest parts of what is not compiled here.
unpack_source() {
  local archive directory unused=()
  archive=$(dpkg-deb -c linux-source-*.deb | grep -o '\./usr/src/.*\.tar\.xz$')
  for directory in 'arch/[!ux]*' drivers/{accel,gpu,infiniband,media,net/ethernet,net/wireless,scsi,staging} \
    fs/{btrfs,ceph,ext4,f2fs,nfs,nfsd,ntfs3,ocfs2,smb,xfs} sound/{isa,pci,soc,usb} tools/{perf,testing}; do
    unused+=(--exclude="linux-source-*/$directory/*.[chS]")
  done
  mkdir source
  dpkg-deb --fsys-tarfile linux-source-*.deb | tar -xO "$archive" | xz -dc -T0 |
    tar -x -C source --strip-components=1 --exclude='linux-source-*/Documentation/[!K]*' \
      --exclude='*.dts' --exclude='*.dtsi' --exclude='*_defconfig' "${unused[@]}"
  rm linux-source-*.deb
}

make_kernel() {
  nice make -C source -j "$(nproc)" ARCH=um KBUILD_BUILD_USER=vhost4j KBUILD_BUILD_HOST=vhost4j "$@"
}

# Keeps what the makefiles need to build a module, as a distribution's package of headers does.
keep_build_tree() {
  cp source/vmlinux.symvers source/Module.symvers
  mkdir build
  (
    cd source
    find . -maxdepth 1 -type f ! -name 'vmlinux*' ! -name linux ! -name System.map ! -name '.tmp*'
    find include scripts arch/um/include arch/x86/include arch/x86/um ! -type d ! -name '*.cmd'
    find arch/um arch/x86 -maxdepth 1 -type f
    find . -name 'Makefile*' -o -name 'Kbuild*' -o -name 'Kconfig*'
  ) | sort -u | tar -c -C source -T - | tar -x -C build
}

build_kernel() {
  local missing
  cd "$work"
  cat "${configs[@]}" >config
  fetch_source
  unpack_source
  make_kernel KCONFIG_ALLCONFIG="$work/config" allnoconfig
  missing=$(grep '^CONFIG_' config | grep -vxFf source/.config) || true
  if [ -n "$missing" ]; then
    printf 'this kernel cannot have %s\n' "$missing"
    return 1
  fi
  make_kernel "${unchecked[@]}" vmlinux modules_prepare
  strip -o linux source/vmlinux
  keep_build_tree
  rm -rf source apt config
}

if [ ! -e "$kernel" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/uml-kernel.lock"
  flock 9
fi
if [ ! -e "$kernel" ]; then
  ../install-deps.sh uml
  source=$(derived_source "$suite") ||
    die "found no Debian source in /etc/apt to derive $suite from, which has the kernel's source"
  # What a killed run may have left: who has the lock is alone.
  rm -rf "$cache"/uml-kernel-new.*
  work=$(mktemp -d "$cache/uml-kernel-new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  logged "uml-kernel-$variant" "Building user-mode Linux $version, $variant (downloads 170 MB and compiles for minutes, once)" build_kernel
  chmod 755 "$work"
  mv -T "$work" "$kernel"
fi
printf '%s\n' "$kernel"
