package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LineLayoutTest {
  private final LoggerContext context = new LoggerContext();

  private String line(Level level, String message, @Nullable Throwable throwable) {
    LineLayout layout = new LineLayout();
    layout.setContext(context);
    return layout.doLayout(
        new LoggingEvent(
            "class", context.getLogger("io.vhost4j.x"), level, message, throwable, new Object[0]));
  }

  @Test
  void aLineHasTimeLevelAndMessage() {
    assertThat(line(Level.WARN, "it rains", null))
        .matches("\\d\\d:\\d\\d:\\d\\d\\.\\d\\d\\d WARN  it rains\n");
    assertThat(line(Level.ERROR, "it pours", null)).endsWith(" ERROR it pours\n");
  }

  @Test
  void whatAPeerSentCannotForgeALine() {
    assertThat(line(Level.INFO, "name is a\nb\u001b[2Jc", null))
        .endsWith("name is a b [2Jc\n")
        .hasLineCount(1);
  }

  @Test
  void aThrowableAddsItsMessageToTheLine() {
    context.getLogger("io.vhost4j").setLevel(Level.INFO);

    assertThat(line(Level.WARN, "cannot", new IllegalStateException("no\nroom")))
        .endsWith(" cannot: IllegalStateException: no room\n")
        .hasLineCount(1);
  }

  @Test
  void debuggingShowsTheStackTrace() {
    context.getLogger("io.vhost4j").setLevel(Level.DEBUG);

    assertThat(line(Level.WARN, "cannot", new IllegalStateException("no room")))
        .contains("\tat io.vhost4j.daemon.LineLayoutTest");
  }
}
