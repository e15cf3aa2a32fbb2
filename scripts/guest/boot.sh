#!/usr/bin/env bash
# Boots the guest of prepare.sh under QEMU without hardware virtualisation, with memory that a vhost-user backend can
# map, runs one script in it as root and ends with that script's status.
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
Usage: scripts/guest/boot.sh --run FILE [option...]

  --run FILE         the shell script (busybox sh) to run; what it prints comes out on stdout, unbuffered. It starts
                     in /share, or in an empty directory, with VHOST4J_BOOT=1 (2, 3... after reboots)
  --share DIR        make DIR of the host /share in the guest, readable and writable. It is slow: copy sound files
                     to /tmp before playing, and record there
  --host DIR         make DIR of the host, such as /, /host in the guest: read-only, with the guest's own /proc, /sys and
                     /dev, and --share where it is in DIR, so that "chroot /host" runs the programs of DIR; with a kernel
                     of a later release the programs of that, if nothing else is said
  --socket PATH      plug in a vhost-user-snd-pci card whose backend listens at PATH; may be repeated: cards 0, 1...
  --builtin-snd WAV  plug in QEMU's own virtio-sound card, which plays into WAV as S16 stereo of 48 kHz, or nowhere if
                     WAV is "none"
  --device ARGS      plug in another device: ARGS go to QEMU's -device; may be repeated
  --qemu ARG         one more argument for QEMU; may be repeated
  --reboots N        reboot N times on the same QEMU, running the script each time, while it succeeds (default 0)
  --timeout S        kill QEMU after S seconds (default 120)
  --memory MIB       memory of the guest (default 512)
  --cpus N           processors of the guest (default 1)
  --kernel VERSION   another kernel, see prepare.sh; one of a later release is run by the QEMU of that
  --console FILE     keep the kernel's messages

What QEMU says comes out on stderr, in the end.

Status: the script's; 124 if the time ran out, 125 if the guest did not get as far (then with the end of the kernel's
messages on stderr).
END
}

memory=512 builtin='' kernel=6.12 host='' extra=()
own_option() {
  case $1 in
    --builtin-snd) builtin=$2 ;;
    --host) host=$2 ;;
    --device) extra+=(-device "$2") ;;
    --qemu) extra+=("$2") ;;
    --kernel) kernel=$2 ;;
  esac
}
parse_options '--builtin-snd --host --device --qemu --kernel' "$@"
[ -z "$host" ] || [ -d "$host" ] || die "$host is not a directory"
guest=$("$here/prepare.sh" --kernel "$kernel")
programs=$guest/programs
if [ -d "$programs" ]; then
  qemu=("$programs/start" "$programs/usr/bin/qemu-system-x86_64" -L "$programs/usr/share/qemu" -L "$programs/usr/share/seabios")
  host=${host:-$programs}
else
  qemu=(qemu-system-x86_64)
  command -v "${qemu[@]}" >/dev/null || die "no ${qemu[*]}; $(dirname "$here")/install-deps.sh guest installs it"
fi

# QEMU separates options with commas; a literal one is doubled.
quoted() { printf '%s' "${1//,/,,}"; }

make_session "$run" $((${#sockets[@]} + (${#builtin} > 0))) "$reboots"

# shellcheck disable=SC2054 # the commas are QEMU's
args=(
  -nodefaults -no-user-config -display none -accel tcg,thread=multi -cpu max -smp "$cpus" -m "$memory"
  -machine q35,memory-backend=mem -object "memory-backend-memfd,id=mem,size=${memory}M,share=on"
  -kernel "$guest/vmlinuz" -initrd "$guest/initramfs.gz"
  -append "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable"
  -chardev "file,id=kernel,path=$(quoted "${console:-$work/console}")" -serial chardev:kernel
  -virtfs "local,id=ctl,path=$(quoted "$work/ctl"),mount_tag=ctl,security_model=none"
)
if [ "$reboots" -eq 0 ]; then args+=(-no-reboot); fi
if [ -n "$share" ]; then
  : >"$work/ctl/share"
  args+=(-virtfs "local,id=share,path=$(quoted "$share"),mount_tag=share,security_model=none,multidevs=remap")
fi
if [ -n "$host" ]; then
  place=''
  if [ -n "$share" ]; then place=$(realpath --relative-base="$host" "$share"); fi
  if [ "${place#/}" != "$place" ]; then place=''; fi # elsewhere
  printf '%s' "$place" >"$work/ctl/host"
  args+=(-virtfs "local,id=host,path=$(quoted "$host"),mount_tag=host,security_model=none,readonly=on,multidevs=remap")
fi
for i in "${!sockets[@]}"; do
  args+=(-chardev "socket,id=snd$i,path=$(quoted "${sockets[i]}")" -device "vhost-user-snd-pci,id=card$i,chardev=snd$i")
done
if [ -n "$builtin" ]; then
  audio=wav,path=$(quoted "$builtin")
  if [ "$builtin" = none ]; then audio=none; fi
  args+=(-audiodev "$audio,id=audio,out.frequency=48000,out.channels=2,out.format=s16"
    -device "virtio-sound-pci,audiodev=audio,streams=1")
fi
args+=("${extra[@]}")

run_session QEMU "$limit" "$work/errors" "${console:-$work/console}" "${qemu[@]}" "${args[@]}"
