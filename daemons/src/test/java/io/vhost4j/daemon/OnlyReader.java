package io.vhost4j.daemon;

/**
 * What a guest does to be the only reader of its {@code /dev/hwrng}, so that what it reads is the
 * source, byte for byte.
 *
 * <p>Linux reads from the device as well, since 6.2 whatever its quality: its thread {@code hwrng},
 * started when there is a device to read from, takes 64 bytes at once and then every second, later
 * every minute, for the pool of {@code /dev/random}. It cannot be switched off, but Linux goes on
 * without it where it cannot be started. So the drivers are taken from their devices, which ends
 * the thread, and come back while the system may have no further thread.
 *
 * <p>The source has to be empty until then: the thread has asked already.
 */
final class OnlyReader {
  /** Begins a script; ends with the line "alone". Defines {@code pick}, which picks a device. */
  static final String SCRIPT =
      """
      set -e
      threads=/proc/sys/kernel/threads-max
      most=$(cat $threads)
      # What runs in between is built into the shell.
      pick() {
        echo 1 >$threads
        echo virtio_rng.$1 >/sys/class/misc/hw_random/rng_current
        echo $most >$threads
      }
      driver=/sys/bus/virtio/drivers/virtio_rng
      devices=$(cd $driver; echo virtio*)
      for device in $devices; do echo $device >$driver/unbind; done
      echo 1 >$threads
      for device in $devices; do echo $device >$driver/bind; done
      echo $most >$threads
      if grep -x hwrng /proc/[0-9]*/comm; then exit 1; fi
      echo alone
      """;

  private OnlyReader() {}
}
