package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.DeviceLog;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Payload;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Neither a guest nor a frontend can fill a disk with the log. */
class LogFloodTest {
  private static final int TIMES = 300;

  @RegisterExtension final Backend backend = new Backend();

  private final TestDevice device = new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE);

  private List<String> lines(String containing) {
    return backend.logs().lines().stream().filter(line -> line.contains(containing)).toList();
  }

  /** All lines were written or counted: {@code first} ones, and one that tells of the others. */
  private void assertLimited(String containing, int all) throws Exception {
    assertThat(lines(containing)).hasSizeLessThanOrEqualTo(DeviceLog.LINES + 1);
    VhostUserServer server = backend.lastServer();
    Await.result(server.close()); // then it is told at once
    List<String> lines = lines(containing);
    assertThat(lines).hasSizeLessThanOrEqualTo(DeviceLog.LINES + 2);
    assertThat(lines.get(lines.size() - 1))
        .contains("copy", (all - (lines.size() - 1)) + " more lines like", "left out");
  }

  @Test
  void ringsThatAreBrokenAgainAndAgain() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      for (int i = 0; i < TIMES; i++) {
        guest.stop(queue);
        guest.reboot(queue);
        new RawRing(guest, queue).offer(Guest.RING_SIZE + i);
        guest.start(queue, 0, true);
        guest.sync();
      }
    }
    assertLimited("queue", TIMES);
  }

  @Test
  void messagesThatAreRefusedAgainAndAgainAlsoByNewFrontends() throws Exception {
    Path path = backend.serve(device);
    for (int i = 0; i < 10; i++) {
      try (Guest guest = Guest.running(path, 1)) {
        for (int j = 0; j < TIMES / 10; j++) {
          assertThat(guest.frontend.acked(FrontendMessage.SET_FEATURES, Payload.u64(-1)))
              .isNotZero();
        }
      }
    }
    assertLimited("refused", TIMES);
  }

  @Test
  void frontendsThatComeAndGo() throws Exception {
    Path path = backend.serve(device);
    for (int i = 0; i < TIMES; i++) {
      try (RawFrontend frontend = new RawFrontend(path)) {
        frontend.askU64(FrontendMessage.GET_FEATURES);
      }
    }
    Await.until(
        "all gone", () -> device.events.stream().filter("disconnected"::equals).count() == TIMES);
    assertLimited("frontend connected", TIMES);
    List<String> gone = lines("frontend disconnected");
    assertThat(gone.get(gone.size() - 1)).contains("more lines like");
  }

  @Test
  void bugsThatAFrontendCanReachAgainAndAgain() throws Exception {
    TestDevice broken =
        new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE) {
          @Override
          public void featuresAcknowledged(long features) {
            throw new IllegalStateException("as it is meant to");
          }
        };
    Path path = backend.serve(broken);
    for (int i = 0; i < TIMES; i++) {
      try (RawFrontend frontend = new RawFrontend(path)) {
        frontend.tell(FrontendMessage.SET_FEATURES, Payload.u64(0));
        assertThat(frontend.isHungUpOn()).isTrue();
      }
    }
    assertThat(backend.logs().stackTraces()).hasSize(1);
    assertLimited("message", TIMES);
  }

  @Test
  void oneCardsFloodLeavesTheLinesOfTheOthers() throws Exception {
    TestDevice other = new TestDevice("other", 1, TestDevice.Manner.AT_ONCE);
    Path quiet = backend.serve(other);
    Path path = backend.serve(device);
    for (int i = 0; i < TIMES; i++) {
      try (RawFrontend frontend = new RawFrontend(path)) {
        frontend.askU64(FrontendMessage.GET_FEATURES);
      }
    }
    backend.assertServes(quiet, 1);
    assertThat(lines("frontend connected")).anyMatch(line -> line.contains("other"));
  }

  // What is no flood, but no news either

  @Test
  void aProbeIsNoFrontend() throws Exception {
    Path path = backend.serve(device);
    new RawFrontend(path).close();
    Await.until("gone", () -> device.events.contains("disconnected"));
    assertThat(lines("frontend connected")).isEmpty();
    assertThat(lines("frontend disconnected")).isEmpty();
    backend.assertServes(path, 1);
    assertThat(lines("frontend connected")).hasSize(1);
    Await.until("gone", () -> lines("frontend disconnected").size() == 1);
  }

  @Test
  void whoWaitsBehindAnotherFrontendIsToldOfOnce() throws Exception {
    Path path = backend.serve(device);
    try (Guest guest = Guest.running(path, 1)) {
      guest.play(guest.queues.get(0));
      assertThat(lines("waits")).isEmpty();
      try (RawFrontend second = new RawFrontend(path)) {
        Await.until("a line", () -> !lines("waits").isEmpty());
        RawFrontend third = new RawFrontend(path);
        guest.play(guest.queues.get(0));
        backend.settle();
        assertThat(lines("waits"))
            .singleElement()
            .asString()
            .contains("copy", path.toString(), "another frontend waits: one is served at a time");
        assertThat(second.hasNews()).isFalse();
        assertThat(third.hasNews()).isFalse();
        third.close();
      }
    }
    backend.assertServes(path, 1);
    assertThat(lines("waits")).hasSize(1);
  }
}
