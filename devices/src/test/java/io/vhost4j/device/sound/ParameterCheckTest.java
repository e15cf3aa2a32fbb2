package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.Status;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A30 to A32, A54, A16 of SET_PARAMS. */
class ParameterCheckTest {
  static Stream<Arguments> faults() {
    return Stream.of(
        fault("the stream does not exist", Status.BAD_MSG, p -> p.streamId(2)),
        fault("the stream's id is huge", Status.BAD_MSG, p -> p.streamId(-1)),
        fault("the buffer is empty", Status.BAD_MSG, p -> p.bufferBytes(0)),
        fault("the period is empty", Status.BAD_MSG, p -> p.periodBytes(0)),
        fault("the buffer is no multiple of the period", Status.BAD_MSG, p -> p.periodBytes(1000)),
        fault("the period is longer than the buffer", Status.BAD_MSG, p -> p.periodBytes(8192)),
        fault("the period is no whole number of frames", Status.BAD_MSG, p -> odd(p)),
        fault("the padding is not 0", Status.BAD_MSG, p -> p.padding(1)),
        fault("the format is not defined", Status.BAD_MSG, p -> p.format(25)),
        fault("the format is far from defined", Status.BAD_MSG, p -> p.format(69)),
        fault("the rate is not defined", Status.BAD_MSG, p -> p.rate(16)),
        fault("there are no channels", Status.BAD_MSG, p -> p.channels(0)),
        fault("a feature is not defined", Status.BAD_MSG, p -> p.features(1 << 5)),
        fault("both kinds of shared memory", Status.BAD_MSG, p -> p.features(0b11)),
        fault("shared memory of the host", Status.NOT_SUPP, p -> p.features(0b1)),
        fault("shared memory of the guest", Status.NOT_SUPP, p -> p.features(0b10)),
        fault("polling", Status.NOT_SUPP, p -> p.features(0b100)),
        fault("period events", Status.NOT_SUPP, p -> p.features(0b1000)),
        fault("the format is not offered", Status.NOT_SUPP, p -> format(p, SampleFormat.FLOAT)),
        fault("the rate is not offered", Status.NOT_SUPP, p -> rate(p, SampleRate.HZ_384000)),
        fault("too many channels", Status.NOT_SUPP, p -> p.channels(7)),
        fault("a buffer of 3 GiB", Status.NOT_SUPP, p -> p.bufferBytes(0xc000_0000)));
  }

  private static void odd(PcmSetParams p) {
    p.periodBytes(1026).bufferBytes(4 * 1026);
  }

  private static void format(PcmSetParams p, SampleFormat format) {
    p.format(format.value());
  }

  private static void rate(PcmSetParams p, SampleRate rate) {
    p.rate(rate.value());
  }

  private static Arguments fault(String what, Status status, Consumer<PcmSetParams> change) {
    return Arguments.of(what, status, change);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("faults")
  void refusesAndKeepsTheState(String what, Status status, Consumer<PcmSetParams> change)
      throws Exception {
    byte[] request = Rig.setParams(0, Rig.CD, 0);
    change.accept(new PcmSetParams().wrap(ByteBuffer.wrap(request), 0));
    ScriptedBackend backend = ScriptedBackend.immediate();
    try (Rig rig = new Rig(backend)) {
      assertThat(rig.request(request, 4).status()).isEqualTo(status.code());
      assertThat(rig.prepare(0)).as("still initial").isEqualTo(Status.BAD_MSG);

      rig.prepared(0, Rig.CD);
      assertThat(rig.request(request, 4).status()).isEqualTo(status.code());
      assertThat(backend.last().isOpen()).as("still prepared").isTrue();
      assertThat(rig.start(0)).isEqualTo(Status.OK);
    }
  }

  @Test
  void takesWhatIsOfferedAndGivesItToTheBackend() throws Exception {
    ScriptedBackend backend = ScriptedBackend.immediate();
    try (Rig rig = new Rig(backend)) {
      assertThat(rig.request(Rig.setParams(0, Rig.CD, 1 << 4), 4).status())
          .isEqualTo(Status.OK.code());
      assertThat(rig.prepare(0)).isEqualTo(Status.OK);
      assertThat(backend.last().parameters).isEqualTo(Rig.CD);
      assertThat(backend.last().streamId).isEqualTo(0);
    }
  }

  /** What the host cannot do together is said before PREPARE, when the guest can choose again. */
  @Test
  void refusesWhatTheBackendCannotDoTogether() throws Exception {
    ScriptedBackend backend = ScriptedBackend.immediate();
    backend.supported =
        wanted -> wanted.rate() == SampleRate.HZ_44100 || wanted.format() == SampleFormat.S16;
    byte[] request = Rig.setParams(0, Rig.CD, 0);
    PcmSetParams wanted = new PcmSetParams().wrap(ByteBuffer.wrap(request), 0);
    rate(wanted, SampleRate.HZ_48000);
    try (Rig rig = new Rig(backend)) {
      assertThat(rig.request(request, 4).status()).isEqualTo(Status.OK.code());
      format(wanted, SampleFormat.S24_3);
      wanted.periodBytes(6 * 480).bufferBytes(4 * 6 * 480);
      assertThat(rig.request(request, 4).status()).isEqualTo(Status.NOT_SUPP.code());
      rate(wanted, SampleRate.HZ_44100);
      assertThat(rig.request(request, 4).status()).isEqualTo(Status.OK.code());
    }
  }
}
