package io.vhost4j.engine;

/**
 * What one queue has done since its engine was created, over all sessions. Written by the event
 * loop alone as plain fields, so that counting costs nothing; read by anyone, a moment late.
 */
public final class QueueCounters {
  long turns;
  long polls;
  long polled;
  long buffers;
  long steps;
  long notifications;
  long errors;

  QueueCounters() {}

  /** Turns that the handler got: kicks, and the looks at the ring after a start. */
  public long turns() {
    return turns;
  }

  /** Looks at a ring that had run empty, in place of waiting for a kick. */
  public long polls() {
    return polls;
  }

  /** Turns for buffers that such a look has found; they are among {@link #turns()}. */
  public long polled() {
    return polled;
  }

  /** Chains taken from the ring. */
  public long buffers() {
    return buffers;
  }

  /** Descriptors and pieces of memory that these chains were made of. */
  public long steps() {
    return steps;
  }

  /** Used-buffer notifications sent to the driver. */
  public long notifications() {
    return notifications;
  }

  /** Malformed rings and failed handlers, each of which stopped the ring. */
  public long errors() {
    return errors;
  }
}
