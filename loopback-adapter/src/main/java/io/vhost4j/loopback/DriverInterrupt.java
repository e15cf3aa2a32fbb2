package io.vhost4j.loopback;

import io.vertx.core.internal.ContextInternal;

/**
 * Interrupts a driver, or one that cannot be interrupted yet a little later, and once then for all
 * that it was asked meanwhile. Event loop only.
 */
final class DriverInterrupt {
  private static final long AGAIN_MILLIS = 5;

  /** The interrupt itself. */
  @FunctionalInterface
  interface Call {
    /** Returns false if the driver cannot be interrupted yet. */
    boolean interrupt() throws LoopbackException;
  }

  private final ContextInternal context;
  private final Call call;
  private final Runnable again;

  /** A timer runs. */
  private boolean waits;

  /**
   * @param again called by a timer: makes the {@link #request} once more, if there is one still
   */
  DriverInterrupt(ContextInternal context, Call call, Runnable again) {
    this.context = context;
    this.call = call;
    this.again = again;
  }

  /** Interrupts, now or later. */
  void request() throws LoopbackException {
    if (waits || call.interrupt()) {
      return;
    }
    waits = true;
    long unused =
        context.setTimer(
            AGAIN_MILLIS,
            timer -> {
              waits = false;
              again.run();
            });
  }
}
