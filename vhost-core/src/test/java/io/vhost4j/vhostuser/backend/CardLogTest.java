package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Promise;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The log of a card, which limits lines of a kind. */
class CardLogTest {
  private static final long SHORT = 500;

  @RegisterExtension final Backend backend = new Backend();

  private List<String> lines() {
    return backend.logs().lines().stream().filter(line -> line.startsWith("card: ")).toList();
  }

  private static void write(CardLog log, int times) {
    for (int i = 0; i < times; i++) {
      log.warn("ring {} broken", i);
    }
  }

  @Test
  void whatWasLeftOutIsToldWhenTheTimeIsOver() throws Exception {
    CardLog log = new CardLog(backend.vertx(), () -> "card", SHORT);
    backend.onLoop(() -> write(log, CardLog.LINES + 1234));
    Await.until("told", () -> lines().size() == CardLog.LINES + 1);
    assertThat(lines().get(CardLog.LINES))
        .isEqualTo("card: ... 1234 more lines like \"ring … broken\" left out");
    backend.onLoop(log::close);
    assertThat(lines()).hasSize(CardLog.LINES + 1);
  }

  @Test
  void aFloodThatGoesOnGetsOneLineAtATime() throws Exception {
    CardLog log = new CardLog(backend.vertx(), () -> "card", SHORT);
    backend.onLoop(() -> write(log, CardLog.LINES + 3));
    Await.until("told", () -> lines().size() == CardLog.LINES + 1);
    backend.onLoop(
        () -> {
          write(log, 5);
          log.close();
        });
    assertThat(lines().subList(CardLog.LINES + 1, lines().size()))
        .containsExactly(
            "card: ring 0 broken", "card: ... 4 more lines like \"ring … broken\" left out");
  }

  @Test
  void nothingIsTakenForAFloodThatComesLongAfterTheLast() throws Exception {
    CardLog log = new CardLog(backend.vertx(), () -> "card", 1);
    backend.onLoop(
        () -> {
          write(log, CardLog.LINES);
          Thread.sleep(5);
          write(log, CardLog.LINES);
          return 0;
        });
    assertThat(lines()).hasSize(2 * CardLog.LINES);
  }

  @Test
  void whatWasToldAtTheEndIsNotToldAgainLater() throws Exception {
    CardLog log = new CardLog(backend.vertx(), () -> "card", SHORT);
    Promise<Void> later = Promise.promise();
    backend.onLoop(
        () -> {
          write(log, CardLog.LINES + 3);
          log.close();
          backend.vertx().setTimer(2 * SHORT, id -> later.complete());
        });
    Await.result(later.future());
    assertThat(lines()).hasSize(CardLog.LINES + 1);
  }

  @Test
  void kindsAreLimitedEachForItself() throws Exception {
    CardLog log = new CardLog(backend.vertx(), () -> "card", CardLog.PERIOD_MILLIS);
    backend.onLoop(
        () -> {
          write(log, 100);
          log.warn("something else");
          log.close();
        });
    assertThat(lines()).hasSize(CardLog.LINES + 2).contains("card: something else");
  }

  @Test
  void onlyTheFirstOfManyFailuresComesWithAStackTrace() throws Exception {
    CardLog log = new CardLog(backend.vertx(), () -> "card", CardLog.PERIOD_MILLIS);
    backend.onLoop(
        () -> {
          for (int i = 0; i < 3; i++) {
            log.error("it failed", new IllegalStateException("so"));
          }
          log.close();
        });
    assertThat(lines())
        .containsExactly(
            "card: it failed",
            "card: it failed: java.lang.IllegalStateException: so",
            "card: it failed: java.lang.IllegalStateException: so");
    assertThat(backend.logs().stackTraces()).containsExactly("card: it failed");
  }
}
