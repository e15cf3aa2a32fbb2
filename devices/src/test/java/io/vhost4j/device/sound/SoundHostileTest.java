package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.sound.wire.JackInfo;
import io.vhost4j.device.sound.wire.PcmInfo;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.HostileSuite;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Whatever a guest does to a sound card: the next one plays and records. */
@Tag("jdk")
@Tag("long")
class SoundHostileTest {
  private static final int PERIOD = Rig.CD.periodBytes();
  private static final SoundDeviceConfig CONFIG =
      SoundDeviceConfig.builder().stream(new StreamConfig(Direction.OUTPUT)).stream(
              new StreamConfig(Direction.INPUT))
          .jack(new JackConfig(0, 0, 0, true, false))
          .build();

  private static VirtioDevice open() throws Exception {
    return new SoundDevice(CONFIG, new NullBackend(Pacing.NONE));
  }

  /** Plays and records a buffer. */
  private static void works(Guest guest) throws Exception {
    for (int stream = 0; stream < 2; stream++) {
      command(guest, Rig.setParams(stream, Rig.CD, 0));
      command(guest, Rig.item(RequestCode.PCM_PREPARE, stream));
      command(guest, Rig.item(RequestCode.PCM_START, stream));
      boolean plays = stream == 0;
      byte[] message = plays ? Rig.message(0, new byte[PERIOD]) : Rig.le32(1);
      int room = plays ? 8 : PERIOD + 8;
      assertThat(guest.queue(2 + stream).request(message, room).word(room - 8))
          .isEqualTo(Status.OK.code());
      command(guest, Rig.item(RequestCode.PCM_STOP, stream));
      command(guest, Rig.item(RequestCode.PCM_RELEASE, stream));
    }
  }

  private static void command(Guest guest, byte[] request) throws Exception {
    assertThat(guest.queue(0).request(request, 4).word(0)).isEqualTo(Status.OK.code());
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    return HostileSuite.of(SoundHostileTest::open, SoundHostileTest::works)
        .request(0, Rig.query(RequestCode.JACK_INFO, 0, 1, JackInfo.SIZE), 4 + JackInfo.SIZE)
        .request(0, Rig.query(RequestCode.PCM_INFO, 0, 2, PcmInfo.SIZE), 4 + 2 * PcmInfo.SIZE)
        .request(0, Rig.setParams(0, Rig.CD, 0), 4)
        .request(0, Rig.item(RequestCode.PCM_PREPARE, 0), 4)
        .request(0, Rig.item(RequestCode.PCM_START, 0), 4)
        .request(2, Rig.message(0, new byte[PERIOD]), 8)
        .request(0, Rig.setParams(1, Rig.CD, 0), 4)
        .request(0, Rig.item(RequestCode.PCM_PREPARE, 1), 4)
        .request(0, Rig.item(RequestCode.PCM_START, 1), 4)
        .request(3, Rig.le32(1), PERIOD + 8)
        .request(1, new byte[0], 8)
        .request(0, Rig.item(RequestCode.PCM_STOP, 0), 4)
        .request(0, Rig.item(RequestCode.PCM_RELEASE, 0), 4)
        .tests();
  }
}
