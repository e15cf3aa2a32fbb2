package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final long STEP_NANOS = 50_000_000L;
  private static final int STEPS = 200; // 10 s

  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

  @Test
  void theBarOfATerminalIsOneLineAndGoesAway() {
    run(true);

    String[] states = text().split("\r", -1);
    assertThat(states).hasSizeGreaterThan(90);
    assertThat(states).allSatisfy(state -> assertThat(state).hasSizeLessThan(80));
    assertThat(states[60]).contains("Playing").contains("=").contains(" of 10.0 s");
    assertThat(text()).doesNotContain("\n").endsWith("\r\033[K");
  }

  @Test
  void withoutATerminalThereIsALineEveryFewSeconds() {
    run(false);

    assertThat(text()).doesNotContain("\r").doesNotContain("\033");
    assertThat(text().lines())
        .containsExactly(
            "Playing: 3.0 of 10.0 s", "Playing: 6.0 of 10.0 s", "Playing: 9.0 of 10.0 s");
  }

  private void run(boolean terminal) {
    AtomicLong now = new AtomicLong();
    PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
    try (Progress progress = new Progress(out, terminal, now::get, "Playing", 10)) {
      for (int i = 0; i <= STEPS; i++) {
        now.set(i * STEP_NANOS);
        progress.show(now.get() / 1e9);
      }
    }
  }

  private String text() {
    return shown.toString(StandardCharsets.UTF_8);
  }
}
