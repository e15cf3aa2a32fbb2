package io.vhost4j.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vhost4j.event.OnLoop;
import io.vhost4j.vhostuser.backend.Await;
import io.vhost4j.vhostuser.backend.Logs;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The log of a device, which limits lines of a kind. */
class DeviceLogTest {
  private static final long SHORT = 500;

  private final OnLoop loop = new OnLoop();
  private final Logs logs = new Logs();

  @AfterEach
  void close() {
    logs.close();
    loop.close();
  }

  private List<String> lines() {
    return logs.lines().stream().filter(line -> line.startsWith("device: ")).toList();
  }

  private static void write(DeviceLog log, int times) {
    for (int i = 0; i < times; i++) {
      log.warn("ring {} broken", i);
    }
  }

  @Test
  void whatWasLeftOutIsToldWhenTheTimeIsOver() throws Exception {
    DeviceLog log = new DeviceLog(loop.context, () -> "device", SHORT);
    loop.run(() -> write(log, DeviceLog.LINES + 1234));
    Await.until("told", () -> lines().size() == DeviceLog.LINES + 1);
    assertThat(lines().get(DeviceLog.LINES))
        .isEqualTo("device: ... 1234 more lines like \"ring … broken\" left out");
    loop.run(log::flush);
    assertThat(lines()).hasSize(DeviceLog.LINES + 1);
  }

  @Test
  void aFloodThatGoesOnGetsOneLineAtATime() throws Exception {
    DeviceLog log = new DeviceLog(loop.context, () -> "device", SHORT);
    loop.run(() -> write(log, DeviceLog.LINES + 3));
    Await.until("told", () -> lines().size() == DeviceLog.LINES + 1);
    loop.run(
        () -> {
          write(log, 5);
          log.flush();
        });
    assertThat(lines().subList(DeviceLog.LINES + 1, lines().size()))
        .containsExactly(
            "device: ring 0 broken", "device: ... 4 more lines like \"ring … broken\" left out");
  }

  @Test
  void nothingIsTakenForAFloodThatComesLongAfterTheLast() throws Exception {
    DeviceLog log = new DeviceLog(loop.context, () -> "device", 1);
    loop.run(
        () -> {
          write(log, DeviceLog.LINES);
          Thread.sleep(5);
          write(log, DeviceLog.LINES);
        });
    assertThat(lines()).hasSize(2 * DeviceLog.LINES);
  }

  @Test
  void whatWasToldAtTheEndIsNotToldAgainLater() throws Exception {
    DeviceLog log = new DeviceLog(loop.context, () -> "device", SHORT);
    Promise<Void> later = Promise.promise();
    loop.run(
        () -> {
          write(log, DeviceLog.LINES + 3);
          log.flush();
          loop.vertx.setTimer(2 * SHORT, id -> later.complete());
        });
    Await.result(later.future());
    assertThat(lines()).hasSize(DeviceLog.LINES + 1);
  }

  /** Queues are deployed, and timers made in the context of one end with it. */
  @Test
  void theEndOfTheQueueThatCausedAFloodDoesNotSilenceTheDevice() throws Exception {
    DeviceLog log = new DeviceLog(loop.context, () -> "device", SHORT);
    String queue = Await.result(loop.vertx.deployVerticle(new Flood(log)));
    Await.result(loop.vertx.undeploy(queue));
    Await.until("told", () -> lines().size() == DeviceLog.LINES + 1);
  }

  private static final class Flood extends VerticleBase {
    private final DeviceLog log;

    Flood(DeviceLog log) {
      this.log = log;
    }

    @Override
    public Future<?> start() {
      write(log, DeviceLog.LINES + 3);
      return Future.succeededFuture();
    }
  }

  @Test
  void linesOfAllThreadsCount() throws Exception {
    int each = 20_000;
    DeviceLog log = new DeviceLog(loop.context, () -> "device", DeviceLog.PERIOD_MILLIS);
    List<Thread> threads =
        Stream.generate(() -> new Thread(() -> write(log, each))).limit(4).toList();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    log.flush();
    assertThat(lines()).hasSize(DeviceLog.LINES + 1);
    assertThat(lines().get(DeviceLog.LINES))
        .contains("... " + (4 * each - DeviceLog.LINES) + " more lines");
  }

  @Test
  void kindsAreLimitedEachForItself() throws Exception {
    DeviceLog log = new DeviceLog(loop.context, () -> "device", DeviceLog.PERIOD_MILLIS);
    loop.run(
        () -> {
          write(log, 100);
          log.warn("something else");
          log.flush();
        });
    assertThat(lines()).hasSize(DeviceLog.LINES + 2).contains("device: something else");
  }

  @Test
  void onlyTheFirstOfManyFailuresComesWithAStackTrace() throws Exception {
    DeviceLog log = new DeviceLog(loop.context, () -> "device", DeviceLog.PERIOD_MILLIS);
    loop.run(
        () -> {
          for (int i = 0; i < 3; i++) {
            log.error("it failed", new IllegalStateException("so"));
          }
          log.flush();
        });
    assertThat(lines())
        .containsExactly(
            "device: it failed",
            "device: it failed: java.lang.IllegalStateException: so",
            "device: it failed: java.lang.IllegalStateException: so");
    assertThat(logs.stackTraces()).containsExactly("device: it failed");
  }
}
