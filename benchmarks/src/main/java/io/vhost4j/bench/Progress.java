package io.vhost4j.bench;

import io.vhost4j.nativeio.Descriptors;
import java.io.IOException;
import java.util.function.LongConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Shows on stderr how far a measurement of more than two seconds is and when it will end: a bar on
 * a terminal, a line now and then elsewhere.
 */
final class Progress implements LongConsumer, AutoCloseable {
  private static final long SHORTEST_NANOS = 2_000_000_000L;
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final int BAR_MILLIS = 500;
  private static final int LINE_MILLIS = 20_000;
  private static final int LINE_LENGTH = 100;
  private static final int STDERR = 2;

  private final String name;
  private final @Nullable ProgressBar bar;

  /**
   * @param nanos that the measurement is expected to take
   */
  Progress(String name, long nanos) {
    this.name = name;
    bar = nanos < SHORTEST_NANOS ? null : bar(name, nanos);
  }

  private static ProgressBar bar(String name, long nanos) {
    ProgressBarBuilder builder =
        new ProgressBarBuilder()
            .setTaskName(name)
            .setInitialMax(nanos / NANOS_PER_MILLI)
            .setUnit(" s", 1000)
            .setStyle(ProgressBarStyle.ASCII);
    if (isTerminal()) {
      builder.setUpdateIntervalMillis(BAR_MILLIS).clearDisplayOnFinish();
    } else {
      builder
          .setUpdateIntervalMillis(LINE_MILLIS)
          .setConsumer(new DelegatingProgressBarConsumer(Progress::line, LINE_LENGTH));
    }
    return builder.build();
  }

  private static void line(String text) {
    if (!text.isBlank()) {
      System.err.println(text.strip());
    }
  }

  private static boolean isTerminal() {
    try {
      String file = Descriptors.describe(STDERR);
      return file.startsWith("/dev/pts/") || file.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }

  /** Says what is being measured now. */
  void now(String what) {
    if (bar == null) {
      return;
    }
    bar.setExtraMessage(what);
    if (!isTerminal()) {
      line("%s: %s".formatted(name, what)); // the bar shows only when a measurement is through
    }
  }

  /** Some nanoseconds of what the measurement was expected to take have passed. */
  @Override
  public void accept(long nanos) {
    if (bar != null) {
      bar.stepBy(nanos / NANOS_PER_MILLI);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
