package io.vhost4j.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Frames as {@code candump -L} has seen them, and the scripts that make it look. */
final class CanLog {
  /**
   * Functions for the shell of a guest; the programs are the host's, in its files at {@code $H}.
   */
  static final String FUNCTIONS =
      """
      # listen INTERFACE FILE OPTION...: candump in the background, from now on; $listener
      listeners() { grep -c " ${interface%%,*} " /proc/net/can/rcvlist_all || :; }
      listen() {
        interface=$1 file=$2; shift 2
        before=$(listeners)
        chroot $H /usr/bin/candump -L -r 8000000 "$@" $interface >$file 2>$file.err & listener=$!
        n=0
        until [ $(listeners) -gt $before ]; do
          n=$((n + 1)); [ $n -lt 600 ] || { echo "candump does not listen:"; cat $file.err; exit 8; }
          sleep 0.1
        done
      }
      # end PROCESS...: they are gone when this returns, a candump writes nothing any more
      end() { kill "$@"; wait "$@" || :; }
      # await_frames COUNT FILE: until so many have come
      await_frames() {
        n=0
        until [ $(wc -l <$2) -ge $1 ]; do
          n=$((n + 1)); [ $n -lt 300 ] || { echo "$2: $(wc -l <$2) frames of $1"; return; }
          sleep 0.1
        done
      }
      # Busybox has an ip of its own, which wants IPv4
      ip() { chroot $H /sbin/ip "$@"; }
      cansend() { chroot $H /usr/bin/cansend "$@"; }
      cangen() { chroot $H /usr/bin/cangen "$@"; }
      # counter INTERFACE NAME: as the kernel counts
      counter() { cat /sys/class/net/$1/statistics/$2; }
      """;

  private CanLog() {}

  /**
   * Frames of a file, such as {@code 123#0102}, in their order. The flags of CAN FD (bit rate
   * switch, error state) are left out, as virtio has no room for them.
   */
  static List<String> frames(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .map(line -> line.substring(line.lastIndexOf(' ') + 1).replaceFirst("##.", "##"))
        .toList();
  }
}
