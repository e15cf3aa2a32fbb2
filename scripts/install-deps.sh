#!/usr/bin/env bash
# Installs what is missing for one use of the project, with apt. Says nothing and calls no apt when all is there.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh
# shellcheck source-path=SCRIPTDIR source=apt.sh
. ./apt.sh

usage() {
  cat <<'END'
Usage: scripts/install-deps.sh build|demo|guest|loopback|uml|test|peers|arm64|java25|enable-backports|refresh

  build, demo       a JDK (17 or newer) and Maven
  guest             that, QEMU and what the guest image is made of
  loopback          that of the guest, and what the kernel module is compiled with
  uml               what user-mode Linux and its programs are made of
  test              all of the above, PipeWire, libasound and the programs that the tests run against
  peers             what cargo builds the native daemons with, for benchmarks/peers.sh; part of test if there is cargo
  arm64             a JDK, Maven and the emulator for scripts/arm64-tests.sh
  java25            a JDK 25 where apt has one, otherwise pip, which can fetch a runtime
  enable-backports  on Debian 12: add the backports suite of the machine's own Debian mirror (QEMU and PipeWire
                    come from there), nothing else
  refresh           enable-backports where needed, then fetch apt's package lists

As root it installs; otherwise it uses sudo where that asks no password, or prints the commands to type.
END
}

# Packages of a group: NAME or NAME>=VERSION. Those of the first list come from the distribution's own suite, those
# of the second from backports on Debian 12: its QEMU 7.2 has no vhost-user sound card, and the QEMU that has one
# brings a newer libpipewire with which all other PipeWire packages must agree.
packages=()
newer_packages=()
need_build() {
  find_jdk 17 >/dev/null || packages+=("$(jdk_package)")
  command -v mvn >/dev/null || packages+=(maven)
}
need_guest() {
  need_build
  packages+=(alsa-utils busybox-static cpio xz-utils)
  newer_packages+=('qemu-system-x86>=1:9.0')
}
need_loopback() {
  need_guest
  packages+=(gcc libc6-dev make)
}
need_uml() {
  packages+=(alsa-utils bc bison busybox-static flex gcc libc6-dev make xz-utils)
}
need_test() {
  need_guest
  need_uml
  packages+=(bindfs can-utils dbus evtest fuse3 gpiod i2c-tools iproute2 linuxptp spi-tools util-linux-extra)
  # These bring libasound, libpipewire and their plugins, whose own packages are named differently since Debian 13.
  newer_packages+=('qemu-utils>=1:9.0' 'pipewire>=1.0' 'pipewire-alsa>=1.0' 'pipewire-bin>=1.0' wireplumber)
  if command -v cargo >/dev/null; then need_peers; fi
}

need_peers() {
  packages+=(gcc libc6-dev libclang-dev pkg-config)
}

need_arm64() {
  need_build
  packages+=(qemu-user-static)
}

need_java25() {
  if apt-cache show openjdk-25-jdk-headless >/dev/null 2>&1; then
    packages+=(openjdk-25-jdk-headless)
  elif ! python3 -m pip --version >/dev/null 2>&1; then
    packages+=(python3-pip)
  fi
}

jdk_package() {
  case $codename in
    bookworm) echo openjdk-17-jdk-headless ;;
    *) echo default-jdk-headless ;;
  esac
}

# Leaves in the named array only the packages that are not installed, or too old, without their version.
keep_missing() {
  local -n list=$1
  local name version status wanted missing=()
  local -A installed=()
  [ ${#list[@]} -gt 0 ] || return 0
  while read -r name status version; do
    [ "$status" = installed ] && installed[$name]=$version
  done < <(dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\n' "${list[@]%%>=*}" 2>/dev/null)
  for name in "${list[@]}"; do
    wanted=${name##*>=}
    version=${installed[${name%%>=*}]:-}
    if [ -z "$version" ] ||
      { [ "$wanted" != "$name" ] && dpkg --compare-versions "$version" lt "$wanted"; }; then
      installed[${name%%>=*}]=9999: # not twice, if two groups name it
      missing+=("${name%%>=*}")
    fi
  done
  list=("${missing[@]}")
}

# Debian 12 alone needs backports.
needs_backports() { [ "$codename" = bookworm ]; }

backports_enabled() {
  grep -Eqs "^[^#]*[[:space:]]$codename-backports([[:space:]]|$)" \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources
}

enable_backports() {
  local suite=$codename-backports new
  needs_backports || return 0
  backports_enabled && return 0
  new=$(derived_source "$suite") ||
    die "found no Debian source for $codename in /etc/apt to derive $suite from; add that suite, then try again"
  printf '%s\n' "$new" | "${as_root[@]}" tee "/etc/apt/sources.list.d/$(source_file vhost4j-backports "$new")" >/dev/null
}

run_apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none apt-get -q -y \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

update_lists() {
  logged apt-update "Fetching the package lists" run_apt update ||
    die "apt-get update failed; see above"
}

install_packages() {
  local release=()
  if needs_backports; then release=(-t "$codename-backports"); fi
  if [ ${#packages[@]} -gt 0 ]; then
    logged apt-install "Installing ${packages[*]}" run_apt install --no-install-recommends "${packages[@]}" ||
      die "could not install: ${packages[*]}"
  fi
  if [ ${#newer_packages[@]} -gt 0 ]; then
    logged apt-install-newer "Installing ${newer_packages[*]}" run_apt install --no-install-recommends "${release[@]}" \
      "${newer_packages[@]}" || die "could not install: ${newer_packages[*]}"
  fi
}

# Where neither root nor sudo is at hand: what to type.
print_commands() {
  local option=''
  if needs_backports; then option="-t $codename-backports "; fi
  printf '%s: packages are missing, and this user may not install them. Type as root:\n' "${0##*/}"
  case $group in
    enable-backports | refresh)
      printf '    %s/install-deps.sh %s\n' "$PWD" "$group"
      return
      ;;
  esac
  if [ ${#newer_packages[@]} -gt 0 ] && needs_backports && ! backports_enabled; then
    printf '    %s/install-deps.sh enable-backports\n' "$PWD"
  fi
  printf '    apt-get update\n'
  if [ ${#packages[@]} -gt 0 ]; then
    printf '    apt-get install --no-install-recommends %s\n' "${packages[*]}"
  fi
  if [ ${#newer_packages[@]} -gt 0 ]; then
    printf '    apt-get install --no-install-recommends %s%s\n' "$option" "${newer_packages[*]}"
  fi
}

# Where there is no apt: says what to install by hand, if that is enough.
without_apt() {
  local lacking=()
  case $group in
    build | demo)
      find_jdk 17 >/dev/null || lacking+=("a JDK, 17 or newer (javac)")
      command -v mvn >/dev/null || lacking+=("Maven, 3.8 or newer (mvn)")
      if [ ${#lacking[@]} -eq 0 ]; then exit 0; fi
      warn "there is no apt here; please install:"
      printf '    %s\n' "${lacking[@]}" >&2
      ;;
    java25) warn "there is no apt here; please install a JDK 25 and set JAVA25_HOME to it" ;;
    *)
      warn "the guest and its tests are made of Debian's packages, and there is no apt here; in a container:"
      # shellcheck disable=SC2016 # for the user's shell
      printf '    %s\n' 'docker run --rm -it -v "$PWD":/vhost4j -w /vhost4j debian:12 ./run COMMAND' >&2
      ;;
  esac
  exit 1
}

if [ $# -ne 1 ]; then
  usage >&2
  exit 2
fi
case $1 in
  -h | --help)
    usage
    exit
    ;;
  build | demo | guest | loopback | uml | test | peers | arm64 | java25 | enable-backports | refresh) group=$1 ;;
  *)
    usage >&2
    exit 2
    ;;
esac

codename=$(debian_codename)
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then without_apt; fi

case $group in
  build | demo) need_build ;;
  guest) need_guest ;;
  loopback) need_loopback ;;
  uml) need_uml ;;
  test) need_test ;;
  peers) need_peers ;;
  arm64) need_arm64 ;;
  java25) need_java25 ;;
esac
keep_missing packages
keep_missing newer_packages
case $group in
  build | demo | guest | loopback | uml | test | peers | arm64 | java25) if [ ${#packages[@]} -eq 0 ] && [ ${#newer_packages[@]} -eq 0 ]; then exit 0; fi ;;
  enable-backports) if ! needs_backports || backports_enabled; then exit 0; fi ;;
esac

as_root=()
if [ "$EUID" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    print_commands >&2
    exit 1
  fi
fi

case $group in
  enable-backports) enable_backports ;;
  refresh)
    enable_backports
    update_lists
    ;;
  *)
    if [ ${#newer_packages[@]} -gt 0 ]; then enable_backports; fi
    update_lists
    install_packages
    ;;
esac
