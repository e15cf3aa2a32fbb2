package io.vhost4j.daemon;

import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Linux guests with sound cards, whose script plays and records. */
final class SoundGuest {
  private static final int SOUND = 25;
  private static final String QEMU_DEVICE = "vhost-user-snd-pci";

  /** Functions for the scripts, which find the files of the shared directory in /tmp. */
  private static final String PRELUDE =
      """
      cp *.raw /tmp 2>/dev/null
      # play CARD FILE OPTION...
      play() { card=$1 file=$2; shift 2; aplay -q -D hw:$card,0 "$@" /tmp/$file; }
      # record CARD FILE OPTION...: again if the guest itself was too slow to take what came
      record() {
        card=$1 file=$2; shift 2
        for try in 1 2 3 4 5; do
          arecord -q -D hw:$card,0 "$@" /tmp/$file 2>/tmp/$file.err || return
          grep overrun /tmp/$file.err || { cp /tmp/$file . ; return; }
        done
        return 1
      }
      """;

  private SoundGuest() {}

  /**
   * Boots under QEMU.
   *
   * @param share directory shared with the guest, in which the script runs; what it has in .raw
   *     files is copied to the guest's /tmp
   * @param script ends the guest with its end
   * @param sockets of its sound cards 0, 1...
   * @param options more options of boot.sh
   */
  static LinuxGuest boot(Path share, String script, List<Path> sockets, String... options)
      throws IOException {
    return boot(LinuxGuest.underQemu(), share, script, sockets, options);
  }

  /**
   * Boots in user mode; the rest as in {@link #boot}. The driver takes periods from a millisecond
   * on, and buffers that last while other processes have the host's processors: one that makes no
   * way for as long as its buffer fails.
   */
  static LinuxGuest bootInUserMode(Path share, String script, List<Path> sockets, String... options)
      throws IOException {
    LinuxGuest.Builder guest = LinuxGuest.inUserMode();
    for (String argument : List.of("buffer_ms=1000", "period_ms_min=1", "periods_max=256")) {
      guest.options("--kernel-arg", "virtio_snd.pcm_" + argument);
    }
    return boot(guest, share, script, sockets, options);
  }

  private static LinuxGuest boot(
      LinuxGuest.Builder guest, Path share, String script, List<Path> sockets, String... options)
      throws IOException {
    sockets.forEach(socket -> guest.device(socket, SOUND, QEMU_DEVICE));
    return guest.share(share).options(options).run(PRELUDE + script);
  }
}
