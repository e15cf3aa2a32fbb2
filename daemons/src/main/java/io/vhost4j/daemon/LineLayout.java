package io.vhost4j.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;

/**
 * {@code 10:30:27.250 WARN message}: one line an event, whatever a peer put into it. A throwable
 * adds its kind and message to the line, and its stack trace only where debugging is on.
 */
final class LineLayout extends LayoutBase<ILoggingEvent> {
  @Override
  public String doLayout(ILoggingEvent event) {
    StringBuilder line = new StringBuilder(120);
    LocalTime time =
        LocalTime.ofInstant(Instant.ofEpochMilli(event.getTimeStamp()), ZoneId.systemDefault());
    appendPadded(line, time.getHour(), 2).append(':');
    appendPadded(line, time.getMinute(), 2).append(':');
    appendPadded(line, time.getSecond(), 2).append('.');
    appendPadded(line, time.getNano() / 1_000_000, 3).append(' ');
    line.append(event.getLevel()).append(' ');
    if (event.getLevel().levelStr.length() == 4) {
      line.append(' ');
    }
    appendPrintable(line, event.getFormattedMessage());
    IThrowableProxy throwable = event.getThrowableProxy();
    if (throwable != null) {
      appendPrintable(line, ": " + simpleName(throwable) + ": " + throwable.getMessage());
    }
    line.append('\n');
    if (throwable != null && isDebugging()) {
      for (StackTraceElementProxy element : throwable.getStackTraceElementProxyArray()) {
        line.append('\t').append(element).append('\n');
      }
    }
    return line.toString();
  }

  private static String simpleName(IThrowableProxy throwable) {
    String name = throwable.getClassName();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private boolean isDebugging() {
    return ((ch.qos.logback.classic.LoggerContext) getContext())
        .getLogger("io.vhost4j")
        .isEnabledFor(Level.DEBUG);
  }

  private static StringBuilder appendPadded(StringBuilder line, int value, int width) {
    String digits = Integer.toString(value);
    return line.append("0".repeat(width - digits.length())).append(digits);
  }

  private static void appendPrintable(StringBuilder line, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) ? ' ' : c);
    }
  }
}
