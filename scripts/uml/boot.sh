#!/usr/bin/env bash
# Boots the user-mode Linux of prepare.sh: a process that is a Linux with drivers of its own, at native speed. Runs one
# script in it as root and ends with that script's status.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=../guest-lib.sh
. "$here/../guest-lib.sh"
# shellcheck source-path=SCRIPTDIR source=../guest-options.sh
. "$here/../guest-options.sh"

usage() {
  cat <<'END'
Usage: scripts/uml/boot.sh --run FILE [option...]

  --run FILE          the shell script (busybox sh) to run; what it prints comes out on stdout, unbuffered. It starts
                      in /share, or in an empty directory, with VHOST4J_BOOT=1 (2, 3... after reboots)
  --share DIR         make DIR of the host /share in the guest, readable and writable
  --socket PATH[:ID]  plug in a device whose vhost-user backend listens at PATH: a sound card (0, 1... in their order),
                      or what ID says: 2 block, 3 console, 4 entropy, 17 rtc, 18 input, 19 vsock, 34 i2c, 36 can,
                      41 gpio, 45 spi; may be repeated
  --kernel-arg ARG    one more argument for the kernel; may be repeated
  --reboots N         reboot N times, running the script each time, while it succeeds (default 0)
  --timeout S         kill it after S seconds (default 120)
  --memory MIB        memory of the guest (default 128)
  --kernel VARIANT    plain (the default), or debug: much slower, and complains of drivers' mistakes, see config-debug
  --cpus N            processors of the guest, up to 4 (default 1). With more than one Linux 7.3 loses an interrupt of
                      a --socket in some ten thousand: two processors take epoll's answers from one array
  --console FILE      keep the kernel's messages

Status: the script's; 124 if the time ran out, 125 if the guest did not get as far (then with the end of the kernel's
messages on stderr).
END
}

memory=128 kernel=plain extra=()
own_option() {
  case $1 in
    --kernel-arg) extra+=("$2") ;;
    --kernel) kernel=$2 ;;
  esac
}
parse_options '--kernel-arg --kernel' "$@"
guest=$("$here/prepare.sh" "$kernel")

# holds_memory DIR: a file there can be the guest's memory, with programs in it.
holds_memory() {
  [ -w "$1" ] && [ "$(stat -f -c %T "$1")" = tmpfs ] &&
    [ $(($(stat -f -c '%a * %S' "$1") / 1048576)) -ge "$memory" ] && ! findmnt -no OPTIONS -T "$1" | grep -qw noexec
}

absolute() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$PWD/$1" ;;
  esac
}

paths=() ids=() cards=0
for socket in "${sockets[@]}"; do
  path=$socket id=25
  if [[ $socket =~ ^(.*):([0-9]+)$ ]]; then path=${BASH_REMATCH[1]} id=${BASH_REMATCH[2]}; fi
  [ -S "$path" ] || die "there is no socket $path"
  paths+=("$(absolute "$path")")
  ids+=("$id")
  if [ "$id" -eq 25 ]; then cards=$((cards + 1)); fi
done
make_session "$run" "$cards" "$reboots"

# The kernel takes its arguments apart at blanks, and a device at its colon, so it is given links.
[[ $work =~ ^[A-Za-z0-9/._@%+-]+$ ]] || die "TMPDIR must be a path without blanks and special characters"
args=(
  "mem=${memory}M" root=/dev/root rootfstype=hostfs "rootflags=$work/root" ro init=/init "VHOST4J_HOST=$work"
  con=null "con0=null,fd:1" "uml_dir=$work/uml" panic=-1
)
ln -s "$guest/root" "$work/root"
if [ -n "$share" ]; then
  ln -s "$(absolute "$share")" "$work/share"
  : >"$work/ctl/share"
fi
for i in "${!paths[@]}"; do
  ln -s "${paths[i]}" "$work/$i.sock"
  args+=("virtio_uml.device=$work/$i.sock:${ids[i]}")
done
if [ "$reboots" -eq 0 ]; then args+=(noreboot); fi
# Two processors need seccomp to catch system calls; with one it is faster than ptrace where both may be used.
if [ "$cpus" -gt 1 ]; then args+=("ncpus=$cpus" seccomp=on); else args+=(seccomp=auto); fi
args+=("${extra[@]}")

memory_dir=$work
if holds_memory /dev/shm; then memory_dir=/dev/shm; fi
console=${console:-$work/console}
run_session "user-mode Linux" "$limit" "$console" "$console" \
  env TMPDIR="$memory_dir" HOME="$work" "$guest/linux" "${args[@]}"
