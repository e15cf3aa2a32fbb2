package io.vhost4j.device.rtc;

import io.vertx.core.Context;
import io.vhost4j.event.ClockTimer;
import io.vhost4j.nativeio.SystemClock;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** The clocks of this machine. */
public enum HostClock implements RtcClock {
  /**
   * The host's clock, of which nobody knows how it takes leap seconds: it steps where its kernel
   * was told of them, and is smeared where its source of time does that.
   */
  UTC(ClockType.UTC_MAYBE_SMEARED, SystemClock.REALTIME) {
    @Override
    public long nanos() {
      return SystemClock.REALTIME.nanos();
    }
  },

  /** The same clock, but for the steps at leap seconds, which are smeared. */
  SMEARED_UTC(ClockType.UTC_SMEARED, SystemClock.REALTIME) {
    @Override
    public long nanos() {
      return LeapSmear.nanos();
    }
  },

  /** TAI, by the offset from UTC that the host's kernel was told, or else today's. */
  TAI(ClockType.TAI, SystemClock.REALTIME) {
    @Override
    public long nanos() {
      return kernelKnowsTai() ? SystemClock.TAI.nanos() : SystemClock.REALTIME.nanos() + TAI_OFFSET;
    }
  },

  /** The time since the host was started, that in which it slept left out. */
  MONOTONIC(ClockType.MONOTONIC, SystemClock.MONOTONIC) {
    @Override
    public long nanos() {
      return SystemClock.MONOTONIC.nanos();
    }
  };

  /** What TAI is ahead of UTC since 2017; no leap second has been announced since. */
  private static final long TAI_OFFSET = TimeUnit.SECONDS.toNanos(37);

  /** A kernel that was told has whole seconds, above 9. */
  private static final long OFFSET_KNOWN = TimeUnit.SECONDS.toNanos(1);

  private final ClockType type;

  /** What its timers go by. */
  private final SystemClock base;

  HostClock(ClockType type, SystemClock base) {
    this.type = type;
    this.base = base;
  }

  @Override
  public ClockType type() {
    return type;
  }

  /** What it is called in the log. */
  String label() {
    return switch (this) {
      case UTC -> "UTC";
      case SMEARED_UTC -> "smeared UTC";
      case TAI -> "TAI" + (kernelKnowsTai() ? "" : " (UTC + 37 s: the kernel has no offset of it)");
      case MONOTONIC -> "monotonic";
    };
  }

  @Override
  public Timer timer(Context context, Runnable look) throws IOException {
    ClockTimer timer = ClockTimer.create(context, base, look);
    return new Timer() {
      @Override
      public boolean armAt(long nanos) throws IOException {
        return timer.armAt(onBase(nanos));
      }

      @Override
      public void disarm() throws IOException {
        timer.disarm();
      }

      @Override
      public void close() {
        timer.close();
      }
    };
  }

  private static boolean kernelKnowsTai() {
    return Math.abs(SystemClock.TAI.nanos() - SystemClock.REALTIME.nanos()) > OFFSET_KNOWN;
  }

  /** When the base shows {@code nanos} of this clock, 0 or above, as far as one knows now. */
  private long onBase(long nanos) {
    long ahead = nanos() - base.nanos();
    return ahead < 0 && nanos > Long.MAX_VALUE + ahead ? Long.MAX_VALUE : nanos - ahead;
  }
}
