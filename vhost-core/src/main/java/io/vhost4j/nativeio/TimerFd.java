package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A timerfd. One thread at a time. */
public final class TimerFd {
  private static final int TFD_NONBLOCK = 0x800;
  private static final int TFD_CLOEXEC = 0x80000;
  private static final int TFD_TIMER_ABSTIME = 1;
  private static final int TFD_TIMER_CANCEL_ON_SET = 2;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  // struct itimerspec { struct timespec interval, value; } with two 64-bit numbers each
  private static final int SPEC_SIZE = 32;
  private static final int VALUE_SECONDS = 16;
  private static final int VALUE_NANOS = 24;

  private final OwnedFd fd;
  private final Memory memory = new Memory(SPEC_SIZE);
  private final long address = Pointer.nativeValue(memory);
  private final ByteBuffer spec = memory.getByteBuffer(0, SPEC_SIZE).order(ByteOrder.nativeOrder());

  private TimerFd(OwnedFd fd) {
    this.fd = fd;
    memory.clear();
  }

  /**
   * Creates a timer that is not armed.
   *
   * @param clock not TAI, of which the kernel has no timers
   */
  public static TimerFd create(SystemClock clock) throws NativeIoException {
    try {
      return new TimerFd(new OwnedFd(LibC.timerfd_create(clock.id(), TFD_NONBLOCK | TFD_CLOEXEC)));
    } catch (LastErrorException e) {
      throw new NativeIoException("timerfd_create", e);
    }
  }

  /** The descriptor, which becomes readable when the timer expires. Closing it ends the timer. */
  public OwnedFd fd() {
    return fd;
  }

  /**
   * Arms the timer to expire once, {@code nanos} from now; at once if that is 0 or less. Forgets an
   * expiry that has not been noticed.
   */
  public void arm(long nanos) throws NativeIoException {
    set(Math.max(1, nanos), 0);
  }

  /**
   * Arms the timer to expire once, when its clock shows {@code nanos} or more, steps included, or
   * when somebody sets the clock. Forgets an expiry that has not been noticed.
   *
   * @return false if the clock was set since the timer was armed last, so that what {@code nanos}
   *     was computed from may not hold any more; it is armed all the same
   */
  public boolean armAt(long nanos) throws NativeIoException {
    try {
      set(Math.max(1, nanos), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
      return true;
    } catch (NativeIoException e) {
      if (e.errno() == Errno.ECANCELED) {
        return false;
      }
      throw e;
    }
  }

  /** Disarms the timer. */
  public void disarm() throws NativeIoException {
    set(0, 0);
  }

  private void set(long nanos, int flags) throws NativeIoException {
    spec.putLong(VALUE_SECONDS, nanos / NANOS_PER_SECOND);
    spec.putLong(VALUE_NANOS, nanos % NANOS_PER_SECOND);
    try {
      LibC.timerfd_settime(fd.number(), flags, address, 0);
    } catch (LastErrorException e) {
      throw new NativeIoException("timerfd_settime", e);
    }
  }
}
