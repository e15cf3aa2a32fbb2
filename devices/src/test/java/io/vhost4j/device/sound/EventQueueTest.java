package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.PcmFeature;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A9, A24 to A26, A55 to A57. */
class EventQueueTest {
  private static final int CONNECTED = 0x1000;
  private static final int DISCONNECTED = 0x1001;
  private static final int XRUN = 0x1101;
  private static final long SECOND = 1_000_000_000;

  private static final SoundDeviceConfig TWO_JACKS =
      SoundDeviceConfig.builder()
          .jack(new JackConfig(0, 0xabcd_ef12, 0, true, false))
          .jack(new JackConfig(0, 0, 0, false, true))
          .build();

  private final ScriptedBackend backend = ScriptedBackend.immediate();

  private Rig rig() throws Exception {
    return new Rig(TWO_JACKS, backend);
  }

  private static void addBuffers(Rig rig, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      rig.event.send(new byte[0], 8);
    }
  }

  /** Code and data of each event that the driver has got. */
  private static List<List<Integer>> events(Rig rig) {
    List<List<Integer>> events = new ArrayList<>();
    for (Used used : rig.event.used) {
      assertThat(used.length()).isEqualTo(8);
      events.add(List.of(used.word(0), used.word(4)));
    }
    return events;
  }

  private static byte[] jackInfo(Rig rig, int id) throws Exception {
    return rig.request(Rig.query(RequestCode.JACK_INFO, id, 1, 24), 28).writable();
  }

  @Test
  void a26PluggingIsTold() throws Exception {
    try (Rig rig = rig()) {
      addBuffers(rig, 3);
      rig.device.setJackConnected(0, true);
      assertThat(jackInfo(rig, 0)[4 + 16]).as("already so before the event").isEqualTo((byte) 1);
      rig.loop.settle();
      rig.device.setJackConnected(1, false);
      rig.loop.settle();
      assertThat(events(rig)).containsExactly(List.of(CONNECTED, 0), List.of(DISCONNECTED, 1));
    }
  }

  @Test
  void a26WhatChangesNothingIsNotTold() throws Exception {
    try (Rig rig = rig()) {
      addBuffers(rig, 3);
      rig.device.setJackConnected(0, false);
      rig.loop.settle();
      assertThat(rig.event.used).isEmpty();
      assertThatThrownBy(() -> rig.device.setJackConnected(2, true))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void a25RemapChangesAssociationAndSequence() throws Exception {
    try (Rig rig = rig()) {
      int remap = RequestCode.JACK_REMAP.code();
      assertThat(rig.request(Rig.le32(remap, 0, 0xc, 0x5), 4).status()).isEqualTo(0x8000);
      assertThat(rig.request(Rig.le32(remap, 0, 16, 0), 4).status()).isEqualTo(0x8001);
      assertThat(rig.request(Rig.le32(remap, 0, 0, -1), 4).status()).isEqualTo(0x8001);
      assertThat(rig.request(Rig.le32(remap, 1, 1, 1), 4).status())
          .isEqualTo(Status.NOT_SUPP.code());
      assertThat(jackInfo(rig, 0)[4 + 8]).isEqualTo((byte) 0xc5);
      rig.stopAndReset();
      rig.control.start();
      assertThat(jackInfo(rig, 0)[4 + 8]).as("reset undoes it").isEqualTo((byte) 0x12);
    }
  }

  @Test
  void a55XrunsAreToldOnlyIfSelected() throws Exception {
    try (Rig rig = rig()) {
      addBuffers(rig, 4);
      rig.started(0, Rig.CD);
      backend.last().xrun();
      rig.loop.settle();
      assertThat(rig.event.used).isEmpty();

      rig.request(Rig.setParams(1, Rig.CD, PcmFeature.EVT_XRUNS.mask()), 4);
      rig.prepare(1);
      rig.start(1);
      backend.last().xrun();
      rig.loop.settle();
      assertThat(events(rig)).containsExactly(List.of(XRUN, 1));
      assertThat(rig.device.streams().get(0).counters().xruns()).isEqualTo(1);
      assertThat(rig.device.streams().get(1).counters().xruns()).isEqualTo(1);
    }
  }

  @Test
  void a57WithoutBuffersOneEventOfAKindWaits() throws Exception {
    try (Rig rig = rig()) {
      rig.request(Rig.setParams(0, Rig.CD, PcmFeature.EVT_XRUNS.mask()), 4);
      rig.prepare(0);
      rig.start(0);
      for (int i = 0; i < 1000; i++) {
        rig.device.setJackConnected(0, i % 2 == 0);
        rig.device.setJackConnected(1, i % 2 == 0);
        backend.last().xrun();
        rig.loop.settle();
      }
      addBuffers(rig, 5);
      assertThat(events(rig))
          .containsExactlyInAnyOrder(
              List.of(DISCONNECTED, 0), List.of(DISCONNECTED, 1), List.of(XRUN, 0));
      assertThat(rig.device.streams().get(0).counters().xruns()).isEqualTo(1000);
    }
  }

  private static Rig tellingXruns(Rig rig, int stream) throws Exception {
    rig.request(Rig.setParams(stream, Rig.CD, PcmFeature.EVT_XRUNS.mask()), 4);
    rig.prepare(stream);
    rig.start(stream);
    return rig;
  }

  /** Linux up to 6.6 stops a stream at the event, however well it goes by then. */
  @Test
  void a56AnXrunThatIsOverIsCountedAndNotTold() throws Exception {
    try (Rig rig = tellingXruns(rig(), 0)) {
      addBuffers(rig, 4);
      backend.last().keepPending();
      rig.play(0, Rig.audio(1, 1024));
      backend.last().xrun();
      rig.loop.settle();
      assertThat(rig.event.used).as("the guest's next buffer is at the host").isEmpty();
      assertThat(rig.device.streams().get(0).counters().xruns()).isEqualTo(1);
    }
  }

  @Test
  void a57AnXrunThatWaitedIsToldOnlyIfItStillLasts() throws Exception {
    try (Rig rig = tellingXruns(rig(), 0)) {
      backend.last().xrun();
      rig.loop.settle();
      backend.last().keepPending();
      rig.play(0, Rig.audio(1, 1024));
      addBuffers(rig, 1);
      assertThat(rig.event.used).as("the sound goes on").isEmpty();

      backend.last().consume(1024);
      rig.loop.settle();
      backend.last().xrun();
      rig.loop.settle();
      assertThat(events(rig)).containsExactly(List.of(XRUN, 0));
    }
  }

  @Test
  void a57AnXrunBeforeARestartIsNotToldAfterIt() throws Exception {
    try (Rig rig = tellingXruns(rig(), 0)) {
      backend.last().xrun();
      rig.loop.settle();
      rig.stop(0);
      rig.release(0);
      rig.prepare(0);
      rig.start(0);
      addBuffers(rig, 2);
      assertThat(rig.event.used).isEmpty();
    }
  }

  @Test
  void a56AGuestThatGivesNoMoreOutputIsToldAfterAWhileOfSilence() throws Exception {
    try (Rig rig = tellingXruns(rig(), 0)) {
      addBuffers(rig, 4);
      rig.play(0, Rig.audio(1, 1024));
      assertThat(rig.tx.used).hasSize(1);
      rig.loop.advance(99_000_000);
      assertThat(rig.event.used).isEmpty();
      rig.loop.advance(2_000_000);
      assertThat(events(rig)).containsExactly(List.of(XRUN, 0));
      rig.loop.advance(SECOND);
      assertThat(rig.event.used).as("once").hasSize(1);
      rig.play(0, Rig.audio(1, 1024));
      rig.loop.advance(SECOND);
      assertThat(rig.event.used).as("once more").hasSize(2);
    }
  }

  @Test
  void a56TheEndOfTheSoundIsNoXrun() throws Exception {
    try (Rig rig = tellingXruns(rig(), 0)) {
      addBuffers(rig, 4);
      rig.play(0, Rig.audio(1, 1024));
      rig.loop.advance(5_000_000);
      rig.stop(0);
      rig.loop.advance(SECOND);
      rig.start(0);
      rig.loop.advance(SECOND);
      assertThat(rig.event.used).as("it has given nothing since START").isEmpty();
    }
  }

  @Test
  void a56AGuestThatGivesNoRoomForInputIsToldWhenItsBufferHasPassed() throws Exception {
    try (Rig rig = tellingXruns(rig(), 1)) {
      addBuffers(rig, 4);
      rig.record(1, 1024);
      backend.last().capture(Rig.audio(1, 1024));
      rig.loop.settle();
      assertThat(rig.rx.used).hasSize(1);
      rig.loop.advance(21_000_000); // its buffer lasts 21.3 ms
      assertThat(rig.event.used).isEmpty();
      rig.loop.advance(1_000_000);
      assertThat(events(rig)).containsExactly(List.of(XRUN, 1));
    }
  }

  @Test
  void a43AResetForgetsEventsThatWait() throws Exception {
    try (Rig rig = rig()) {
      rig.device.setJackConnected(0, true);
      rig.loop.settle();
      rig.stopAndReset();
      rig.event.start();
      addBuffers(rig, 2);
      assertThat(rig.event.used).isEmpty();
    }
  }

  @Test
  void a9UnfitBuffersComeBackEmpty() throws Exception {
    try (Rig rig = rig()) {
      rig.event.send(new byte[0], 7);
      rig.event.send(new byte[1], 8);
      rig.event.send(new byte[4], 0);
      assertThat(rig.event.used).hasSize(3);
      assertThat(rig.event.used)
          .allSatisfy(
              used -> {
                assertThat(used.length()).isZero();
                assertThat(used.writable()).isEqualTo(new byte[used.writable().length]);
              });
      rig.event.send(new byte[0], 100);
      rig.device.setJackConnected(0, true);
      rig.loop.settle();
      assertThat(rig.event.used.get(3).length()).isEqualTo(8);
    }
  }

  @Test
  void aStoppedQueueFindsItsBuffersInTheRingAgain() throws Exception {
    try (Rig rig = rig()) {
      addBuffers(rig, 2);
      rig.event.stop();
      assertThat(rig.event.used).isEmpty();
      rig.event.start();
      rig.device.setJackConnected(0, true);
      rig.device.setJackConnected(1, false);
      rig.loop.settle();
      assertThat(events(rig)).containsExactly(List.of(CONNECTED, 0), List.of(DISCONNECTED, 1));
    }
  }

  @Test
  void jacksKeepTheirStateWhenNoFrontendIsThere() throws Exception {
    try (Rig rig = rig()) {
      rig.disconnect();
      rig.device.setJackConnected(0, true);
      rig.connect();
      rig.control.start();
      rig.event.start();
      assertThat(jackInfo(rig, 0)[4 + 16]).isEqualTo((byte) 1);
      addBuffers(rig, 1);
      assertThat(rig.event.used).isEmpty();
    }
  }
}
