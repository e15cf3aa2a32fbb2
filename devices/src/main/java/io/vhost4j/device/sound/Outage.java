package io.vhost4j.device.sound;

/**
 * What happens while the host's audio is lost in the middle of a running stream: buffers end with
 * IO_ERR, as fast as they would have played, so that the guest neither hangs nor runs away; and
 * every second the host's stream is opened again until that succeeds. Used by the executor alone.
 */
final class Outage {
  private static final long RETRY_NANOS = 1_000_000_000L;

  private final HostStream host;
  private final Transfer transfer;

  private long retryAt;

  /** Whether a buffer is on its way to its end, and when it reaches it. */
  private boolean playing;

  private long playedAt;

  Outage(HostStream host, Transfer transfer) {
    this.host = host;
    this.transfer = transfer;
  }

  /** The host's audio was lost. If it had been there for a while, it is tried again at once. */
  void begin() {
    retryAt = host.openedAt() + RETRY_NANOS;
    playing = false;
  }

  /**
   * Lets time go on for the guest.
   *
   * @return when to call again, in ns from now; the outage is over if the host's stream is open
   */
  long sitOut(long now) {
    if (now - retryAt >= 0) {
      if (host.resume()) {
        return 0;
      }
      retryAt = now + RETRY_NANOS;
    }
    IoMessage current = transfer.current();
    if (current == null) {
      playing = false;
      return retryAt - now;
    }
    if (!playing) {
      playing = true;
      playedAt = now + nanosOf(current);
    }
    if (now - playedAt >= 0) {
      transfer.failOldest();
      current = transfer.current();
      playing = current != null;
      playedAt += current == null ? 0 : nanosOf(current);
    }
    return Math.min(retryAt - now, playing ? playedAt - now : StreamEngine.FOREVER);
  }

  private long nanosOf(IoMessage message) {
    return host.parameters().nanosOf(message.dataBytes);
  }
}
