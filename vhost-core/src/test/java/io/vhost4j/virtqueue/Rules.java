package io.vhost4j.virtqueue;

/** What a broken ring is complained of with, for tests. */
final class Rules {
  private Rules() {}

  /** The rule and the message, for example {@code V18: head 300 of a ring of 256}. */
  static String broken(Throwable thrown) {
    return ((VirtqueueException) thrown).rule() + ": " + thrown.getMessage();
  }
}
