package io.vhost4j.memory;

/**
 * Makes the virtual machine throw now what it owes this thread.
 *
 * <p>An access beyond the end of a truncated file is a SIGBUS, and HotSpot turns it into an {@link
 * InternalError}. Often it only takes a note of it, and the error comes out later, in whatever code
 * the thread has reached by then, far from any handler for it: on JDK 17 from the next call into
 * the runtime that looks for such notes, on JDK 25 from the next safepoint poll. Allocating a
 * multidimensional array is such a call, in interpreted and in compiled code, provided that its
 * dimensions are no constants; it takes about 30 ns.
 */
final class AccessFaults {
  /** Not final, so that no compiler knows better. */
  private static int none;

  /** Keeps the allocation from being optimised away. */
  @SuppressWarnings("unused")
  private static byte[][] sink = {};

  private AccessFaults() {}

  /**
   * Throws if an access has failed.
   *
   * @throws InternalError if an access of this thread to truncated memory has not been reported yet
   */
  static void deliver() {
    sink = new byte[none][none];
  }
}
