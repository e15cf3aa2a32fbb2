package io.vhost4j.virtqueue;

/**
 * A ring that breaks the rules of the virtio specification in a way that leaves nothing to continue
 * with: the ring is stopped, everything else goes on (conformance S17 to S32).
 */
public final class VirtqueueException extends Exception {
  private static final long serialVersionUID = 1;

  /**
   * @param message what was found and why it is wrong, starting with the rule, for example {@code
   *     S18: head 300 of a ring of 256}
   */
  public VirtqueueException(String message) {
    super(message);
  }
}
