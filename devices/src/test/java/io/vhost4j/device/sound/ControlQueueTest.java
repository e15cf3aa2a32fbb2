package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.ChmapInfo;
import io.vhost4j.device.sound.wire.JackInfo;
import io.vhost4j.device.sound.wire.PcmInfo;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A10 to A14, A16 to A21, A60. */
class ControlQueueTest {
  private static final SoundDeviceConfig WITH_JACK =
      SoundDeviceConfig.builder().jack(new JackConfig(0, 0x11, 0x22, true, true)).build();

  private static Rig rig() throws Exception {
    return new Rig(WITH_JACK, ScriptedBackend.immediate());
  }

  /** One of each request, in an order in which all succeed, with the length of the reply. */
  private static final class Step {
    final byte[] request;
    final int room;

    Step(byte[] request, int room) {
      this.request = request;
      this.room = room;
    }
  }

  private static List<Step> allRequests() {
    return List.of(
        new Step(Rig.query(RequestCode.JACK_INFO, 0, 1, JackInfo.SIZE), 4 + JackInfo.SIZE),
        new Step(Rig.le32(RequestCode.JACK_REMAP.code(), 0, 3, 2), 4),
        new Step(Rig.query(RequestCode.PCM_INFO, 0, 2, PcmInfo.SIZE), 4 + 2 * PcmInfo.SIZE),
        new Step(Rig.query(RequestCode.CHMAP_INFO, 3, 4, ChmapInfo.SIZE), 4 + 4 * ChmapInfo.SIZE),
        new Step(Rig.setParams(0, Rig.CD, 1 << 4), 4),
        new Step(Rig.item(RequestCode.PCM_PREPARE, 0), 4),
        new Step(Rig.item(RequestCode.PCM_START, 0), 4),
        new Step(Rig.item(RequestCode.PCM_STOP, 0), 4),
        new Step(Rig.item(RequestCode.PCM_RELEASE, 0), 4));
  }

  @ParameterizedTest(name = "descriptors of {0} bytes")
  @ValueSource(ints = {1, 2, 3, 5, 7, 16})
  void a11DescriptorLayoutMakesNoDifference(int pieceBytes) throws Exception {
    try (Rig whole = rig();
        Rig cut = rig()) {
      for (Step step : allRequests()) {
        Used expected = whole.request(step.request, step.room);
        Used reply = cut.request(step.request, step.room, pieceBytes);
        assertThat(expected.status()).isEqualTo(Status.OK.code());
        assertThat(expected.length()).isEqualTo(step.room);
        assertThat(reply.length()).isEqualTo(expected.length());
        assertThat(reply.writable()).isEqualTo(expected.writable());
      }
    }
  }

  @ParameterizedTest(name = "code {0}")
  @ValueSource(ints = {0, 3, 0xff, 0x106, 0x201, 0x300, 0x301, 0x302, 0x306, 0x8000, -1})
  void a13A60UnknownCodesAreNotSupported(int code) throws Exception {
    try (Rig rig = rig()) {
      Used reply = rig.request(Rig.le32(code, 0, 1, 24), 200);
      assertThat(reply.status()).isEqualTo(Status.NOT_SUPP.code());
      assertThat(reply.length()).isEqualTo(4);
      assertThat(rig.request(Rig.le32(code), 4).status()).isEqualTo(Status.NOT_SUPP.code());
      goesOn(rig);
    }
  }

  @ParameterizedTest
  @EnumSource(RequestCode.class)
  void a13ShortRequestsAreBadMessages(RequestCode code) throws Exception {
    try (Rig rig = rig()) {
      for (int length = 0; length < code.requestBytes(); length++) {
        byte[] request = Arrays.copyOf(Rig.le32(code.code(), 0, 0, 0, 0, 0), length);
        Used reply = rig.request(request, 100);
        assertThat(reply.status()).as("%d bytes", length).isEqualTo(Status.BAD_MSG.code());
        assertThat(reply.length()).isEqualTo(4);
      }
      goesOn(rig);
    }
  }

  @ParameterizedTest(name = "{0} writable bytes")
  @ValueSource(ints = {0, 1, 2, 3})
  void a13WithoutRoomForAStatusNothingIsDone(int room) throws Exception {
    try (Rig rig = rig()) {
      Used reply = rig.request(Rig.setParams(0, Rig.CD, 0), room);
      assertThat(reply.length()).isZero();
      assertThat(reply.writable()).isEqualTo(new byte[room]);
      assertThat(rig.prepare(0)).as("not executed").isEqualTo(Status.BAD_MSG);
    }
  }

  @Test
  void a13TrailingBytesAreIgnored() throws Exception {
    try (Rig rig = rig()) {
      for (Step step : allRequests()) {
        byte[] longer = Arrays.copyOf(step.request, step.request.length + 9);
        assertThat(rig.request(longer, step.room).status()).isEqualTo(Status.OK.code());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = RequestCode.class,
      names = {"JACK_REMAP", "PCM_PREPARE", "PCM_START", "PCM_STOP", "PCM_RELEASE"})
  void a16IdsOutOfRangeAreBadMessages(RequestCode code) throws Exception {
    try (Rig rig = rig()) {
      for (int id : new int[] {2, 3, 0x7fff_ffff, 0x8000_0000, -1}) {
        Used reply = rig.request(Rig.le32(code.code(), id, 0, 0), 4);
        assertThat(reply.status()).as("id %d", id).isEqualTo(Status.BAD_MSG.code());
      }
      goesOn(rig);
    }
  }

  static List<RequestCode> queries() {
    return List.of(RequestCode.JACK_INFO, RequestCode.PCM_INFO, RequestCode.CHMAP_INFO);
  }

  @ParameterizedTest
  @MethodSource("queries")
  void a18QueriesBeyondTheLastItemAreBadMessages(RequestCode code) throws Exception {
    try (Rig rig = rig()) {
      int count =
          switch (code) {
            case JACK_INFO -> 1;
            case PCM_INFO -> 2;
            default -> 12;
          };
      int[][] ranges = {
        {0, count + 1}, {count, 1}, {1, count}, {-1, 1}, {0, -1}, {-1, 2}, {0x8000_0000, 0x7fffffff}
      };
      for (int[] range : ranges) {
        Used reply = rig.request(Rig.query(code, range[0], range[1], 24), 2000);
        assertThat(reply.status()).as("%d+%d", range[0], range[1]).isEqualTo(0x8001);
        assertThat(reply.length()).isEqualTo(4);
      }
      assertThat(rig.request(Rig.query(code, 0, count, 24), 2000).status()).isEqualTo(0x8000);
    }
  }

  @ParameterizedTest
  @MethodSource("queries")
  void a19TooLittleRoomIsABadMessage(RequestCode code) throws Exception {
    try (Rig rig = rig()) {
      Used reply = rig.request(Rig.query(code, 0, 1, 24), 4 + 23);
      assertThat(reply.status()).isEqualTo(Status.BAD_MSG.code());
      assertThat(reply.length()).isEqualTo(4);
      assertThat(rig.request(Rig.query(code, 0, 1, -1), 4 + 24).status()).isEqualTo(0x8001);
      assertThat(rig.request(Rig.query(code, 0, 1, 24), 4 + 24).status()).isEqualTo(0x8000);
    }
  }

  @ParameterizedTest
  @MethodSource("queries")
  void a20RecordsAreCutOrPaddedToTheSizeAskedFor(RequestCode code) throws Exception {
    try (Rig rig = rig()) {
      int size = code == RequestCode.PCM_INFO ? PcmInfo.SIZE : 24;
      int items = code == RequestCode.JACK_INFO ? 1 : 2;
      Used whole = rig.request(Rig.query(code, 0, items, size), 4 + items * size);
      for (int stride : new int[] {0, 1, 5, size - 1, size, size + 1, size + 64}) {
        Used reply = rig.request(Rig.query(code, 0, items, stride), 4 + items * stride + 3);
        assertThat(reply.length()).isEqualTo(4 + items * stride);
        for (int i = 0; i < items; i++) {
          byte[] record = Arrays.copyOfRange(whole.writable(), 4 + i * size, 4 + (i + 1) * size);
          int at = 4 + i * stride;
          assertThat(Arrays.copyOfRange(reply.writable(), at, at + stride))
              .isEqualTo(Arrays.copyOf(record, stride));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("queries")
  void a21AQueryOfNothingIsAnsweredWithNothing(RequestCode code) throws Exception {
    try (Rig rig = rig()) {
      Used reply = rig.request(Rig.query(code, 0, 0, 24), 4);
      assertThat(reply.status()).isEqualTo(Status.OK.code());
      assertThat(reply.length()).isEqualTo(4);
    }
  }

  @Property(tries = 300)
  void randomBytesNeitherBreakTheDeviceNorStayWithoutReply(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 30) int pieceBytes) throws Exception {
    Random random = new Random(seed);
    try (Rig rig = rig()) {
      for (int i = 0; i < 40; i++) {
        byte[] request = new byte[random.nextInt(40)];
        random.nextBytes(request);
        if (request.length >= 8 && random.nextInt(4) > 0) { // a code that exists, a likely id
          RequestCode[] codes = RequestCode.values();
          byte[] head = Rig.le32(codes[random.nextInt(codes.length)].code(), random.nextInt(3));
          System.arraycopy(head, 0, request, 0, 8);
        }
        int room = random.nextInt(100);
        if (request.length + room == 0) {
          continue;
        }
        Used reply = rig.request(request, room, pieceBytes);
        assertThat(reply.length()).isLessThanOrEqualTo(room);
        if (room < 4) {
          assertThat(reply.length()).isZero();
        } else {
          assertThat(Status.of(reply.status())).isNotNull();
          assertThat(reply.length()).isGreaterThanOrEqualTo(4);
        }
      }
      assertThat(rig.loop.failures).isEmpty();
      assertThat(rig.control.driverInFlight()).isZero();
      rig.device.reset();
      goesOn(rig);
    }
  }

  private static void goesOn(Rig rig) throws Exception {
    assertThat(rig.setParams(0, Rig.CD)).isEqualTo(Status.OK);
    assertThat(rig.loop.failures).isEmpty();
  }
}
