package io.vhost4j.device;

import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.helpers.FormattingTuple;
import org.slf4j.helpers.MessageFormatter;

/**
 * The log lines of one device that a guest or a peer can cause as often as it likes: it must not
 * fill the disk with them. Of each kind, which is what has the same format, {@link #LINES} are
 * written in a period, and a line at its end says how many were left out; while that goes on, only
 * one of a kind is written in the next period. Any thread.
 */
public final class DeviceLog {
  /** Lines of a kind in a period. */
  public static final int LINES = 10;

  static final long PERIOD_MILLIS = 10_000;

  private static final Logger log = LoggerFactory.getLogger(DeviceLog.class);

  private final ContextInternal context;
  private final Supplier<String> label;
  private final long periodMillis;

  /** Guarded by this, and so is what is in them. */
  private final Map<String, Kind> kinds = new HashMap<>();

  /** Lines of the same format, of which there are as many as there are calls in the code. */
  private static final class Kind {
    final Level level;
    final String format;
    long begin = System.nanoTime();
    int limit = LINES;
    int lines;
    int leftOut;
    long timer;

    Kind(Level level, String format) {
      this.level = level;
      this.format = format;
    }
  }

  /**
   * A log of which nothing is written yet; whoever makes it calls {@link #flush()} in the end.
   *
   * @param context that of the device, which is there as long as the log
   * @param label names the device in its lines; any thread
   */
  public DeviceLog(Context context, Supplier<String> label) {
    this(context, label, PERIOD_MILLIS);
  }

  DeviceLog(Context context, Supplier<String> label, long periodMillis) {
    this.context = (ContextInternal) context;
    this.label = label;
    this.periodMillis = periodMillis;
  }

  /** As {@link Logger#info(String, Object...)}, with the label in front. */
  public void info(String format, Object... arguments) {
    write(Level.INFO, format, arguments);
  }

  /**
   * As {@link Logger#warn(String, Object...)}, with the label in front. The first line of a period
   * has the stack trace of an exception that comes last, others only its text.
   */
  public void warn(String format, @Nullable Object... arguments) {
    write(Level.WARN, format, arguments);
  }

  /** As {@link #warn}, for what must not be. */
  public void error(String format, @Nullable Object... arguments) {
    write(Level.ERROR, format, arguments);
  }

  private synchronized void write(Level level, String format, @Nullable Object... arguments) {
    Kind kind = kinds.computeIfAbsent(format, key -> new Kind(level, key));
    if (kind.leftOut == 0 && System.nanoTime() - kind.begin > periodMillis * 1_000_000) {
      begin(kind, LINES);
    }
    if (kind.lines < kind.limit) {
      kind.lines++;
      FormattingTuple line = MessageFormatter.arrayFormat(format, arguments);
      Throwable thrown = line.getThrowable();
      if (thrown != null && kind.lines > 1) {
        log.atLevel(level).log("{}: {}: {}", label.get(), line.getMessage(), thrown.toString());
      } else {
        log.atLevel(level).setCause(thrown).log("{}: {}", label.get(), line.getMessage());
      }
    } else if (kind.leftOut++ == 0) {
      // Not in the context of a queue that writes, with which its timers end.
      kind.timer = context.setTimer(periodMillis, id -> endPeriod(kind));
    }
  }

  private static void begin(Kind kind, int limit) {
    kind.begin = System.nanoTime();
    kind.limit = limit;
    kind.lines = 0;
    kind.leftOut = 0;
  }

  private synchronized void endPeriod(Kind kind) {
    String shape = kind.format.replace("{}", "…");
    log.atLevel(kind.level)
        .log("{}: ... {} more lines like \"{}\" left out", label.get(), kind.leftOut, shape);
    begin(kind, 1);
  }

  /** The label. */
  @Override
  public String toString() {
    return label.get();
  }

  /** Tells what has been left out so far. */
  public synchronized void flush() {
    for (Kind kind : kinds.values()) {
      if (kind.leftOut > 0) {
        context.owner().cancelTimer(kind.timer);
        endPeriod(kind);
      }
    }
  }
}
