package io.vhost4j.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.LoggerFactory;

/**
 * Sends the log to stderr, one line an event, found by logback as a service: without reading an XML
 * file, which would take longer than the rest of the start.
 */
public final class LogConfigurator extends ContextAwareBase implements Configurator {
  @Override
  public ExecutionStatus configure(LoggerContext context) {
    LineLayout layout = new LineLayout();
    layout.setContext(context);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(context);
    encoder.setLayout(layout);
    encoder.start();
    ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
    appender.setContext(context);
    appender.setTarget("System.err");
    appender.setEncoder(encoder);
    appender.start();
    Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.addAppender(appender);
    root.setLevel(Level.WARN);
    context.getLogger("io.vhost4j").setLevel(Level.INFO);
    // It warns of a machine without network, which is none of our business.
    context.getLogger("io.netty.util.NetUtilInitializations").setLevel(Level.OFF);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /**
   * Our own log from {@code level} on. Of the libraries below us only warnings, unless everything
   * is asked for.
   */
  static void apply(LogLevel level) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    Level ours = Level.valueOf(level.name());
    Level theirs = level == LogLevel.TRACE ? Level.DEBUG : Level.WARN;
    context.getLogger("io.vhost4j").setLevel(ours);
    context
        .getLogger(Logger.ROOT_LOGGER_NAME)
        .setLevel(ours.isGreaterOrEqual(theirs) ? ours : theirs);
  }
}
