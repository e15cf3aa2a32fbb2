package io.vhost4j.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/** Everything that is logged while it is open, by anybody in this process. */
public final class LogWatch implements AutoCloseable {
  private static final int MAX_FRAMES = 8;

  private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          if (event.getLevel().isGreaterOrEqual(Level.INFO)) {
            events.add(event);
          }
        }
      };

  /** Begins to watch. */
  public LogWatch() {
    appender.setContext(root.getLoggerContext());
    appender.start();
    root.addAppender(appender);
  }

  /** What an administrator sees. */
  public List<String> lines() {
    return events.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  /** Lines that came with a stack trace, and the top of that. */
  public List<String> stackTraces() {
    List<String> traces = new ArrayList<>();
    for (ILoggingEvent event : events) {
      IThrowableProxy thrown = event.getThrowableProxy();
      if (thrown != null) {
        String frames =
            Stream.of(thrown.getStackTraceElementProxyArray())
                .limit(MAX_FRAMES)
                .map(StackTraceElementProxy::getSTEAsString)
                .collect(Collectors.joining(", "));
        traces.add(
            "%s: %s: %s, %s"
                .formatted(
                    event.getFormattedMessage(),
                    thrown.getClassName(),
                    thrown.getMessage(),
                    frames));
      }
    }
    return traces;
  }

  @Override
  public void close() {
    root.detachAppender(appender);
  }
}
