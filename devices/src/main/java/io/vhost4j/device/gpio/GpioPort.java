package io.vhost4j.device.gpio;

import io.vhost4j.device.HostThread;
import io.vhost4j.device.gpio.GpioChip.Use;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A chip as the device has it: one call at a time, with a thread for a chip that may block. */
final class GpioPort implements AutoCloseable {
  /** What the host has for a call: a chip may sit behind a slow bus. */
  private static final long CALL_MILLIS = 5000;

  /** What the chip is called for. */
  enum Call {
    CONFIGURE,
    /** The same, of a line that is to be as the driver knows it. */
    RESTORE,
    READ,
    /** The same, for the interrupt of a line. */
    READ_LEVEL,
    RELEASE_ALL,
    LOOK
  }

  private final GpioChip chip;
  private final int lines;
  private final @Nullable HostThread thread;

  /* The call, and what came of it: the thread's while it makes it. */
  private Call call = Call.LOOK;
  private int line;
  private Use use = Use.RELEASED;
  private boolean high;
  private @Nullable IOException failure;

  /**
   * Takes a chip, and closes it in the end.
   *
   * @throws IOException if there is no thread to be had
   */
  GpioPort(GpioChip chip) throws IOException {
    this.chip = chip;
    lines = chip.names().size();
    thread = chip.mayBlock() ? new HostThread("gpio-chip", this::make, chip::close) : null;
  }

  /** The event loop's part of the chip, and its names. */
  GpioChip chip() {
    return chip;
  }

  @Nullable HostThread thread() {
    return thread;
  }

  /** Whether there can be a call: none is under way, be it given up or not. */
  boolean isFree() {
    return thread == null || thread.isFree();
  }

  /**
   * Begins a call, while this is free.
   *
   * @param itsLine the line that is called for, if it is one
   * @param itsUse what to configure it for
   * @return the thread that makes the call, or null if it has ended
   */
  @Nullable HostThread begin(Call what, int itsLine, Use itsUse) {
    call = what;
    line = itsLine;
    use = itsUse;
    if (what == Call.RELEASE_ALL) {
      releasingAll();
    } else if ((what == Call.CONFIGURE || what == Call.RESTORE) && itsUse == Use.RELEASED) {
      chip.releasing(itsLine);
    }
    if (thread == null) {
      make();
    } else {
      thread.call(CALL_MILLIS);
    }
    return thread;
  }

  private void releasingAll() {
    for (int i = 0; i < lines; i++) {
      chip.releasing(i);
    }
  }

  private void make() {
    failure = null;
    try {
      switch (call) {
        case CONFIGURE, RESTORE -> chip.configure(line, use);
        case READ, READ_LEVEL -> high = chip.isHigh(line);
        case RELEASE_ALL -> {
          for (int i = 0; i < lines; i++) {
            chip.configure(i, Use.RELEASED);
          }
        }
        case LOOK -> chip.look();
      }
    } catch (IOException e) {
      failure = e;
    }
  }

  // The last call

  Call call() {
    return call;
  }

  /** The line that it was for. */
  int line() {
    return line;
  }

  /** Why it has failed, or null if it has not. */
  @Nullable IOException failure() {
    return failure;
  }

  /** The level that it has read, if it was to read one. */
  boolean isHigh() {
    return high;
  }

  @Override
  public String toString() {
    return chip.toString();
  }

  @Override
  public void close() {
    releasingAll();
    if (thread == null) {
      chip.close();
    } else {
      thread.close();
    }
  }
}
