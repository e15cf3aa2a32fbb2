package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.sound.wire.Status;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlayAndRecordTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void playsWhatTheGuestSends(boolean immediate) throws Exception {
    ScriptedBackend backend = new ScriptedBackend(immediate);
    try (Rig rig = new Rig(backend)) {
      rig.prepared(0, Rig.CD);
      byte[] first = Rig.audio(1, 1024);
      byte[] second = Rig.audio(2, 1024);
      rig.play(0, first);
      rig.play(0, second);
      assertThat(rig.tx.used).isEmpty();
      assertThat(rig.start(0)).isEqualTo(Status.OK);
      rig.loop.await(() -> rig.tx.used.size() == 2);
      assertThat(backend.last().played()).isEqualTo(Rig.concat(first, second));
      assertThat(rig.tx.used)
          .allSatisfy(
              used -> {
                assertThat(used.length()).isEqualTo(8);
                assertThat(used.ioStatus()).isEqualTo(Status.OK.code());
              });
      assertThat(rig.stop(0)).isEqualTo(Status.OK);
      assertThat(rig.release(0)).isEqualTo(Status.OK);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void recordsWhatTheHostCaptures(boolean immediate) throws Exception {
    ScriptedBackend backend = new ScriptedBackend(immediate);
    try (Rig rig = new Rig(backend)) {
      rig.prepared(1, Rig.CD);
      rig.record(1, 1024);
      rig.record(1, 1024);
      assertThat(rig.start(1)).isEqualTo(Status.OK);
      byte[] audio = Rig.audio(3, 2048);
      backend.last().capture(audio);
      rig.loop.await(() -> rig.rx.used.size() == 2);
      for (int i = 0; i < 2; i++) {
        assertThat(rig.rx.used.get(i).length()).isEqualTo(1032);
        assertThat(rig.rx.used.get(i).ioStatus()).isEqualTo(Status.OK.code());
        assertThat(rig.rx.used.get(i).writable())
            .startsWith(java.util.Arrays.copyOfRange(audio, i * 1024, i * 1024 + 1024));
      }
    }
  }
}
