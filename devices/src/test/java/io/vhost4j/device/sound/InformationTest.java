package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the device says of itself, byte for byte: A1 to A3, A17, A22 to A24, A27, A28, A58, A59. */
class InformationTest {
  private static String hex(byte[] bytes, int from, int to) {
    return HexFormat.of().formatHex(Arrays.copyOfRange(bytes, from, to));
  }

  @Test
  void a1A2A3DeviceAndConfigurationSpace() throws Exception {
    SoundDeviceConfig config =
        SoundDeviceConfig.builder().jack(new JackConfig(0, 0, 0, false, true)).build();
    try (Rig rig = new Rig(config, ScriptedBackend.immediate())) {
      assertThat(rig.device.deviceType()).isEqualTo(25);
      assertThat(rig.device.queueCount()).isEqualTo(4);
      assertThat(rig.device.features()).isZero();
      ByteBuffer space = ByteBuffer.allocate(rig.device.config().size());
      rig.device.config().read(0, space);
      // 1 jack, 2 streams, maps for 1 to 6 channels in 2 directions, no controls
      assertThat(space.array()).isEqualTo(Rig.le32(1, 2, 12, 0));
      rig.device.config().write(0, ByteBuffer.wrap(Rig.le32(3, 3, 3, 3)));
      rig.device.config().read(0, space.clear());
      assertThat(space.array()).as("read-only").isEqualTo(Rig.le32(1, 2, 12, 0));
      ByteBuffer part = ByteBuffer.allocate(5);
      rig.device.config().read(3, part);
      assertThat(part.array()).isEqualTo(new byte[] {0, 2, 0, 0, 0});
    }
  }

  @Test
  void a17A27PcmInfo() throws Exception {
    try (Rig rig = new Rig(ScriptedBackend.immediate())) {
      byte[] reply = rig.request(Rig.query(RequestCode.PCM_INFO, 0, 2, 32), 68).writable();
      String formats = "2008000000000000"; // S16, S24_3: bits 5, 11; U8 is not common
      String rates = "c000000000000000"; // 44100, 48000: bits 6, 7
      String features = "10000000"; // EVT_XRUNS
      assertThat(hex(reply, 4, 36))
          .isEqualTo("00000000" + features + formats + rates + "00" + "01" + "06" + "0000000000");
      assertThat(hex(reply, 36, 68))
          .isEqualTo("00000000" + features + formats + rates + "01" + "01" + "06" + "0000000000");
    }
  }

  @Test
  void a23A24JackInfo() throws Exception {
    SoundDeviceConfig config =
        SoundDeviceConfig.builder()
            .jack(new JackConfig(7, 0x01020304, 0x0a0b0c0d, true, true))
            .jack(new JackConfig(8, 1, 2, false, false))
            .build();
    try (Rig rig = new Rig(config, ScriptedBackend.immediate())) {
      byte[] reply = rig.request(Rig.query(RequestCode.JACK_INFO, 0, 2, 24), 52).writable();
      assertThat(hex(reply, 4, 28))
          .isEqualTo("07000000" + "01000000" + "04030201" + "0d0c0b0a" + "01" + "00000000000000");
      assertThat(hex(reply, 28, 52))
          .isEqualTo("08000000" + "00000000" + "01000000" + "02000000" + "00" + "00000000000000");
      // An item other than the first.
      byte[] second = rig.request(Rig.query(RequestCode.JACK_INFO, 1, 1, 24), 28).writable();
      assertThat(hex(second, 4, 28)).isEqualTo(hex(reply, 28, 52));
    }
  }

  @Test
  void a22StreamsOfDifferentGroupsOfferDifferentThings() throws Exception {
    SoundDeviceConfig config =
        SoundDeviceConfig.builder().stream(
                new StreamConfig(Direction.INPUT).withChannels(2, 2).withHdaFnNid(3))
            .stream(new StreamConfig(Direction.OUTPUT).withFormats(SampleFormat.S16.mask()))
            .stream(new StreamConfig(Direction.OUTPUT).withRates(SampleRate.HZ_48000.mask()))
            .build();
    try (Rig rig = new Rig(config, ScriptedBackend.immediate())) {
      byte[] reply = rig.request(Rig.query(RequestCode.PCM_INFO, 0, 3, 32), 100).writable();
      assertThat(hex(reply, 4, 8)).isEqualTo("03000000");
      assertThat(hex(reply, 28, 31)).as("direction, channels").isEqualTo("010202");
      assertThat(hex(reply, 36 + 8, 36 + 16)).as("formats").isEqualTo("2000000000000000");
      assertThat(hex(reply, 68 + 16, 68 + 24)).as("rates").isEqualTo("8000000000000000");
    }
  }

  /** Many long ones in a turn would hold up the other devices of the event loop. */
  @Test
  void aReplyIsNoLongerThanManyTimesWhatDriversAskFor() throws Exception {
    try (Rig rig = new Rig(ScriptedBackend.immediate())) {
      int most = ControlRequests.MAX_REPLY;
      byte[] longest = Rig.query(RequestCode.PCM_INFO, 0, 1, most);
      byte[] longer = Rig.query(RequestCode.PCM_INFO, 0, 1, most + 1);
      assertThat(rig.request(longest, most + 8).status()).isEqualTo(Status.OK.code());
      assertThat(rig.request(longer, most + 8).status()).isEqualTo(Status.BAD_MSG.code());
      assertThat(most).isBetween(64 * 32, 1 << 14);
    }
  }

  @Test
  void a28AStreamThatTheBackendCannotDoIsRefusedAtOnce() {
    SoundDeviceConfig config =
        SoundDeviceConfig.builder().stream(new StreamConfig(Direction.OUTPUT).withChannels(7, 8))
            .build();
    assertThatThrownBy(() -> new SoundDevice(config, ScriptedBackend.immediate()))
        .isInstanceOf(AudioException.class)
        .hasMessageContaining("output");
  }

  @Test
  void a58A59ChannelMapsFitTheStreams() throws Exception {
    try (Rig rig = new Rig(ScriptedBackend.immediate())) {
      byte[] reply = rig.request(Rig.query(RequestCode.CHMAP_INFO, 0, 12, 24), 292).writable();
      List<String> maps = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        assertThat(hex(reply, 4 + 24 * i, 8 + 24 * i)).isEqualTo("00000000");
        maps.add(hex(reply, 8 + 24 * i, 28 + 24 * i).replaceFirst("(00)+$", ""));
      }
      assertThat(maps)
          .containsExactly(
              "000102", // output, 1 channel: MONO
              "00020304", // FL FR
              "0003030407", // FL FR FC
              "000403040506", // FL FR RL RR
              "00050304070506", // FL FR FC RL RR
              "0006030407080506", // FL FR FC LFE RL RR
              "010102",
              "01020304",
              "0103030407",
              "010403040506",
              "01050304070506",
              "0106030407080506");
    }
  }

  @Test
  void a58ChannelMapsCanBeChosen() throws Exception {
    SoundDeviceConfig config =
        SoundDeviceConfig.builder()
            .channelMaps(
                List.of(
                    new ChannelMap(
                        9, Direction.INPUT, List.of(ChannelPosition.BRC, ChannelPosition.NA))))
            .build();
    try (Rig rig = new Rig(config, ScriptedBackend.immediate())) {
      byte[] reply = rig.request(Rig.query(RequestCode.CHMAP_INFO, 0, 1, 24), 28).writable();
      ByteBuffer map = ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN);
      assertThat(map.getInt(4)).isEqualTo(9);
      assertThat(hex(reply, 8, 28)).isEqualTo("01022401" + "00".repeat(16));
    }
  }

  @Test
  void a59AMapHasAtMost18Channels() {
    List<ChannelPosition> tooMany = List.of(ChannelPosition.values()).subList(2, 21);
    assertThatThrownBy(() -> new ChannelMap(0, Direction.OUTPUT, tooMany))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
