package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The frontend truncates its memory file: the connection ends, every chain goes back to its ring
 * (else the memory could never be unmapped), and the process lives. {@link Rig#close()} checks the
 * chains.
 */
@Tag("jdk")
class TruncatedMemoryTest {
  private static final String TRUNCATED = "the frontend has truncated its memory";

  private static final SoundDeviceConfig JACK =
      SoundDeviceConfig.builder().jack(new JackConfig(0, 0, 0, true, false)).build();

  private static Rig rig(ScriptedBackend backend, int lastInMemory) throws Exception {
    return new Rig(JACK, backend, lastInMemory);
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void whileOutputIsRead(boolean immediate) throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = rig(backend, 2)) {
      rig.started(0, Rig.CD);
      for (int i = 0; i < 5; i++) {
        rig.play(0, Rig.audio(i, 8192));
      }
      rig.truncate();
      backend.last().makeRoom(100_000);
      rig.loop.await(() -> !rig.loop.failures.isEmpty());
      assertThat(rig.loop.failures).hasSize(1);
      assertThat(rig.loop.failures.get(0)).startsWith("stream 0").contains("memory");
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void whileInputIsWritten(boolean immediate) throws Exception {
    ScriptedBackend backend = new ScriptedBackend(immediate);
    try (Rig rig = rig(backend, 3)) {
      rig.started(1, Rig.CD);
      for (int i = 0; i < 5; i++) {
        rig.record(1, 8192);
      }
      rig.truncate();
      backend.last().capture(Rig.audio(1, 100_000));
      rig.loop.await(() -> !rig.loop.failures.isEmpty());
      assertThat(rig.loop.failures.get(0)).startsWith("stream 1").contains("memory");
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void whenBuffersAreLeftInTheRing(boolean immediate) throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = rig(backend, 2)) {
      rig.started(0, Rig.CD);
      for (int i = 0; i < 5; i++) {
        rig.play(0, Rig.audio(i, 8192));
      }
      rig.truncate();
      rig.stopAndReset();
      assertThat(rig.tx.leftInRing).isEqualTo(5);
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void whenBuffersAreReturnedUnplayed(boolean immediate) throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = new Rig(Rig.TWO_OUTPUTS, backend, 2)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      for (int i = 0; i < 5; i++) {
        rig.play(0, Rig.audio(i, 8192));
      }
      rig.play(1, Rig.audio(5, 1024));
      backend.last().makeRoom(1024);
      rig.loop.await(() -> rig.tx.used.size() == 1); // behind the others, which cannot be left then
      rig.truncate();
      rig.stopAndReset();
      assertThat(rig.tx.used).hasSize(6);
    }
  }

  @Test
  void whenAHeaderIsRead() throws Exception {
    try (Rig rig = rig(ScriptedBackend.immediate(), 2)) {
      rig.started(0, Rig.CD);
      rig.tx.add(Rig.message(0, Rig.audio(1, 1024)), 8, 4096);
      rig.tx.add(Rig.message(0, Rig.audio(2, 1024)), 8, 4096);
      rig.truncate();
      rig.tx.kick();
      rig.loop.settle();
      assertThat(rig.guest.disconnects()).containsExactly(TRUNCATED);
    }
  }

  @Test
  void whenAControlRequestIsRead() throws Exception {
    try (Rig rig = rig(ScriptedBackend.immediate(), 0)) {
      rig.control.add(Rig.query(RequestCode.PCM_INFO, 0, 2, 32), 68, 4096);
      rig.truncate();
      rig.control.kick();
      rig.loop.settle();
      assertThat(rig.guest.disconnects()).containsExactly(TRUNCATED);
    }
  }

  @Test
  void whenALateReplyIsWritten() throws Exception {
    ScriptedBackend backend = ScriptedBackend.onWorkers();
    try (Rig rig = rig(backend, 0)) {
      rig.setParams(0, Rig.CD);
      backend.holdOpen();
      rig.control.send(Rig.item(RequestCode.PCM_PREPARE, 0), 4);
      backend.awaitOpening();
      rig.truncate();
      backend.letOpen();
      rig.loop.await(() -> !rig.loop.failures.isEmpty());
      assertThat(rig.loop.failures.get(0)).contains("memory");
    }
  }

  /** The next frontend finds the stream as if nothing had been. */
  @Test
  void whenARefusalIsWritten() throws Exception {
    try (Rig rig = rig(ScriptedBackend.immediate(), 0)) {
      byte[] request = Arrays.copyOf(Rig.item(RequestCode.PCM_STOP, 0), 8192);
      rig.control.add(request, 4, Integer.MAX_VALUE); // its reply is in another page
      rig.truncateBehind(4096);
      rig.control.kick();
      rig.loop.settle();
      assertThat(rig.guest.disconnects()).containsExactly(TRUNCATED);
      rig.disconnect();
      rig.extend();
      rig.connect();
      rig.control.start();
      assertThat(rig.setParams(0, Rig.CD)).isEqualTo(Status.OK);
    }
  }

  @Test
  void whenRequestsUnderWayAreAbandoned() throws Exception {
    ScriptedBackend backend = ScriptedBackend.onWorkers();
    try (Rig rig = rig(backend, 0)) {
      rig.setParams(0, Rig.CD);
      backend.holdOpen();
      rig.control.send(Rig.item(RequestCode.PCM_PREPARE, 0), 4);
      rig.control.send(Rig.item(RequestCode.PCM_START, 0), 4);
      backend.awaitOpening();
      rig.truncate();
      assertThat(rig.control.stop().succeeded()).isTrue();
      backend.letOpen();
    }
  }

  @Test
  void whenAnEventIsWritten() throws Exception {
    try (Rig rig = rig(ScriptedBackend.immediate(), 1)) {
      rig.event.send(new byte[0], 8);
      rig.event.send(new byte[0], 8);
      rig.truncate();
      rig.device.setJackConnected(0, true);
      rig.loop.settle();
      assertThat(rig.loop.failures).hasSize(1);
      assertThat(rig.loop.failures.get(0)).contains("memory");
    }
  }
}
