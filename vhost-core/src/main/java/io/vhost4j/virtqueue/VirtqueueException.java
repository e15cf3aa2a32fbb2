package io.vhost4j.virtqueue;

/**
 * A ring that breaks the rules of the virtio specification in a way that leaves nothing to continue
 * with: the ring is stopped, everything else goes on.
 */
public final class VirtqueueException extends Exception {
  private static final long serialVersionUID = 1;

  private final String rule;

  /**
   * @param rule the rule of the specifications that is broken, as {@code docs/conformance.md}
   *     numbers them
   * @param message what was found and why it is wrong, for example {@code head 300 of a ring of
   *     256}
   */
  public VirtqueueException(String rule, String message) {
    super(message);
    this.rule = rule;
  }

  /** The number of the rule that is broken: for tests, and for who knows the specifications. */
  public String rule() {
    return rule;
  }
}
