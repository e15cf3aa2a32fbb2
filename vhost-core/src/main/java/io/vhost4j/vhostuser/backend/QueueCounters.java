package io.vhost4j.vhostuser.backend;

/**
 * What one queue has done since its server was created, over all connections. Written by the event
 * loop alone as plain fields, so that counting costs nothing; read by anyone, a moment late.
 */
final class QueueCounters {
  /** Turns that the handler got: kicks, and the looks at the ring after a start. */
  long turns;

  /** Looks at a ring that had run empty, in place of waiting for a kick. */
  long polls;

  /** Turns for buffers that such a look has found; they are among {@link #turns}. */
  long polled;

  /** Chains taken from the ring. */
  long buffers;

  /** Descriptors and pieces of memory that these chains were made of. */
  long steps;

  /** Used-buffer notifications sent to the driver. */
  long notifications;

  /** Malformed rings and failed handlers, each of which stopped the ring. */
  long errors;
}
