#!/bin/sh
# Makes the manual pages of an unpacked distribution: what each program says, and what a file here adds to it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/share/man/man1"
for program in "$1"/bin/vhost-device-* "$1"/bin/virtio-loopback-adapter; do
  name=${program##*/}
  page=$1/share/man/man1/$name.1
  "$program" --print-manual >"$page"
  if [ -e "$here/$name.more" ]; then cat "$here/$name.more" >>"$page"; fi
done
