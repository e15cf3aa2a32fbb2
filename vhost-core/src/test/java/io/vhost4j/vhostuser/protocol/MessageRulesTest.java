package io.vhost4j.vhostuser.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.vhostuser.protocol.MessageRules.Violation;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;
import org.jspecify.annotations.Nullable;

class MessageRulesTest {
  private static final Negotiation ALL = new Negotiation(-1, -1, -1);

  private static @Nullable Violation check(FrontendMessage type, ByteBuffer payload, int fds) {
    return MessageRules.check(
        type, MessageHeader.request(type.id(), false, payload.remaining()), payload, fds, ALL);
  }

  @Example
  void e4_whatIsNoRequestEndsTheConnection() {
    MessageHeader reply = new MessageHeader(1, 5, 0);
    assertFatal(
        MessageRules.check(FrontendMessage.of(1), reply, Payload.EMPTY, 0, ALL), "message 1 ");
    MessageHeader version = new MessageHeader(1, 3, 0);
    assertFatal(
        MessageRules.check(FrontendMessage.of(1), version, Payload.EMPTY, 0, ALL), "message 1 ");
  }

  @Example
  void e5_anUnknownMessageIsRefused() {
    MessageHeader header = MessageHeader.request(77, false, 0);
    assertRefused(MessageRules.check(FrontendMessage.of(77), header, Payload.EMPTY, 0, ALL), "77");
  }

  @Example
  void e5_aMessageThatWasNotNegotiatedIsRefusedWithWhatItNeeds() {
    MessageHeader header = MessageHeader.request(24, false, 12);
    ByteBuffer payload = new ConfigSpace(0, 0, Payload.EMPTY).encode();
    assertRefused(
        MessageRules.check(FrontendMessage.GET_CONFIG, header, payload, 0, Negotiation.NOTHING),
        "GET_CONFIG",
        "protocol feature CONFIG");
  }

  @Example
  void e6_aPayloadOfTheWrongSizeIsRefused() {
    assertRefused(check(FrontendMessage.GET_FEATURES, Payload.u64(0), 0), "GET_FEATURES");
    assertRefused(check(FrontendMessage.SET_FEATURES, Payload.EMPTY, 0), "0 bytes");
    assertThat(check(FrontendMessage.SET_FEATURES, Payload.u64(0), 0)).isNull();
  }

  @Example
  void e6_aMemoryTableWhoseCountSaysOtherwiseThanItsSizeIsRefused() {
    MemoryRegion region = new MemoryRegion(0, 4096, 0, 0);
    ByteBuffer payload = MemoryTable.encode(Collections.nCopies(2, region));
    assertThat(check(FrontendMessage.SET_MEM_TABLE, payload, 2)).isNull();
    for (int count : new int[] {0, 1, 3, -1, Integer.MAX_VALUE, 1 << 27}) {
      payload.putInt(0, count);
      assertRefused(check(FrontendMessage.SET_MEM_TABLE, payload, 2), "SET_MEM_TABLE");
    }
    assertRefused(check(FrontendMessage.SET_MEM_TABLE, Payload.EMPTY, 0), "0 bytes");
    // 2^27 regions of 32 bytes are 0 bytes to who counts in 32 bits.
    ByteBuffer none = MemoryTable.encode(List.of()).putInt(0, 1 << 27);
    assertRefused(check(FrontendMessage.SET_MEM_TABLE, none, 0), "8 bytes");
  }

  /** User-mode Linux 6.12 sends one region in 72 bytes. */
  @Example
  void aMemoryTableMayBePaddedWithBlankRegions() {
    MemoryRegion region = new MemoryRegion(0x1000, 4096, 0x2000, 0x3000);
    ByteBuffer one = MemoryTable.encode(List.of(region));
    ByteBuffer padded = Payload.allocate(72).put(one).rewind();
    assertThat(check(FrontendMessage.SET_MEM_TABLE, padded, 1)).isNull();
    assertThat(MemoryTable.read(padded)).containsExactly(region);
    assertRefused(check(FrontendMessage.SET_MEM_TABLE, padded.limit(71), 1), "71 bytes");
    padded.limit(72).put(71, (byte) 1);
    assertRefused(check(FrontendMessage.SET_MEM_TABLE, padded, 1), "72 bytes");
  }

  @Example
  void e6_configurationWhoseSizeSaysOtherwiseThanItsPayloadIsRefused() {
    ByteBuffer payload = new ConfigSpace(0, 0, ByteBuffer.allocate(8)).encode();
    assertThat(check(FrontendMessage.SET_CONFIG, payload, 0)).isNull();
    for (int size : new int[] {0, 7, 9, -1, Integer.MIN_VALUE}) {
      payload.putInt(4, size);
      assertRefused(check(FrontendMessage.SET_CONFIG, payload, 0), "SET_CONFIG");
    }
  }

  @Example
  void e8_descriptorsThatAreMissingOrTooManyAreRefused() {
    MemoryRegion region = new MemoryRegion(0, 4096, 0, 0);
    ByteBuffer table = MemoryTable.encode(Collections.nCopies(2, region));
    assertRefused(check(FrontendMessage.SET_MEM_TABLE, table, 1), "2 regions");
    assertRefused(check(FrontendMessage.SET_MEM_TABLE, table, 3), "3 descriptors");
    assertRefused(check(FrontendMessage.GET_FEATURES, Payload.EMPTY, 1), "1 descriptors");
    ByteBuffer single = MemoryTable.encodeSingle(region);
    assertRefused(check(FrontendMessage.ADD_MEM_REG, single, 0), "0 descriptors");
    assertThat(check(FrontendMessage.ADD_MEM_REG, single, 1)).isNull();
    assertThat(check(FrontendMessage.REM_MEM_REG, single, 1)).as("C24: tolerated").isNull();
    assertThat(check(FrontendMessage.REM_MEM_REG, single, 0)).isNull();
  }

  @Example
  void e8_bit8ContradictingTheDescriptorsIsRefused() {
    ByteBuffer with = new VringFile(0, true).encode();
    ByteBuffer without = new VringFile(0, false).encode();
    assertThat(check(FrontendMessage.SET_VRING_KICK, with, 1)).isNull();
    assertThat(check(FrontendMessage.SET_VRING_KICK, without, 0)).isNull();
    assertRefused(check(FrontendMessage.SET_VRING_CALL, with, 0), "SET_VRING_CALL");
    assertRefused(check(FrontendMessage.SET_VRING_ERR, without, 1), "SET_VRING_ERR");
  }

  @Example
  void getSharedObjectMayComeWithoutItsUuid() {
    assertThat(check(FrontendMessage.GET_SHARED_OBJECT, Payload.EMPTY, 0)).isNull();
    assertThat(check(FrontendMessage.GET_SHARED_OBJECT, Payload.allocate(16), 0)).isNull();
    assertRefused(check(FrontendMessage.GET_SHARED_OBJECT, Payload.allocate(8), 0), "8");
  }

  @Example
  void c9_anAcknowledgementIsOwedOnlyIfAskedForAndNegotiatedAndThereIsNoOtherReply() {
    MessageHeader asks = MessageHeader.request(2, true, 8);
    MessageHeader silent = MessageHeader.request(2, false, 8);
    assertThat(FrontendMessage.SET_FEATURES.wantsAck(asks, ALL)).isTrue();
    assertThat(FrontendMessage.SET_FEATURES.wantsAck(silent, ALL)).isFalse();
    assertThat(FrontendMessage.SET_FEATURES.wantsAck(asks, ALL.withProtocol(~8L)))
        .as("C11")
        .isFalse();
    assertThat(FrontendMessage.GET_FEATURES.wantsAck(asks, ALL)).as("C10").isFalse();
    assertThat(FrontendMessage.SET_LOG_BASE.wantsAck(asks, ALL)).as("C10").isFalse();
  }

  @Example
  void c2_aReplyHasToMatchItsRequestInEveryField() {
    assertThat(reply(FrontendMessage.GET_FEATURES, 1, 5, Payload.u64(0), 0)).isNull();
    assertThat(reply(FrontendMessage.GET_FEATURES, 2, 5, Payload.u64(0), 0))
        .contains("instead of the reply");
    assertThat(reply(FrontendMessage.GET_FEATURES, 1, 1, Payload.u64(0), 0))
        .contains("instead of the reply");
    assertThat(reply(FrontendMessage.GET_FEATURES, 1, 13, Payload.u64(0), 0))
        .contains("instead of the reply");
    assertThat(reply(FrontendMessage.GET_FEATURES, 1, 5, Payload.EMPTY, 0)).contains(" bytes");
    assertThat(reply(FrontendMessage.GET_FEATURES, 1, 5, Payload.u64(0), 1))
        .contains("descriptors");
    assertThat(reply(FrontendMessage.SET_FEATURES, 2, 5, Payload.u64(0), 0)).isNull();
    assertThat(reply(FrontendMessage.SET_FEATURES, 2, 5, Payload.EMPTY, 0)).contains(" bytes");
    assertThat(reply(FrontendMessage.GET_CONFIG, 24, 5, Payload.EMPTY, 0)).as("E3").isNull();
  }

  private static @Nullable String reply(
      FrontendMessage type, int id, int flags, ByteBuffer payload, int fds) {
    MessageHeader header = new MessageHeader(id, flags, payload.remaining());
    return MessageRules.checkReply(type, header, payload, fds);
  }

  /** E12: whatever comes in is judged without an exception, and what passes can be decoded. */
  @Property(tries = 20_000)
  void e12_hostileBytesAreJudgedAndWhatPassesDecodesToTheSameBytes(@ForAll long seed) {
    Random random = new Random(seed);
    int id = often(random) ? 1 + random.nextInt(45) : random.nextInt();
    FrontendMessage type = FrontendMessage.of(id);
    int entries = random.nextInt(4);
    ByteBuffer payload =
        type == null ? Payload.allocate(random.nextInt(100)) : payload(type, entries, random);
    MessageHeader header =
        new MessageHeader(id, often(random) ? 1 : random.nextInt(), payload.remaining());
    int fds = often(random) && type != null ? fds(type, entries, random) : random.nextInt(65);
    Negotiation negotiation = new Negotiation(-1, -1, often(random) ? -1 : random.nextLong());
    ByteBuffer before = payload.duplicate().order(payload.order());

    @Nullable Violation violation = MessageRules.check(type, header, payload, fds, negotiation);

    assertThat(payload).as("left as it was").isEqualTo(before);
    Statistics.label("message is sound")
        .collect(violation == null)
        .coverage(
            coverage -> {
              coverage.check(true).percentage(share -> share > 5);
              coverage.check(false).percentage(share -> share > 5);
            });
    if (violation == null) {
      assertThat(reencoded(Objects.requireNonNull(type), payload)).isEqualTo(payload);
    } else {
      assertThat(violation.reason()).isNotBlank().doesNotContain("\n");
    }
    @Nullable Violation unused =
        MessageRules.check(BackendMessage.of(id), header, payload, fds, negotiation);
  }

  private static boolean often(Random random) {
    return random.nextInt(10) > 0;
  }

  /** A payload that mostly has a size that fits, with contents that mostly say so. */
  private static ByteBuffer payload(FrontendMessage type, int entries, Random random) {
    int size = type.payload().size();
    boolean isTable = type.payload() == PayloadKind.MEMORY_TABLE;
    boolean isConfig = type.payload() == PayloadKind.CONFIG;
    size += isTable ? 32 * entries : isConfig ? entries : 0;
    byte[] bytes = new byte[often(random) ? size : random.nextInt(200)];
    random.nextBytes(bytes);
    ByteBuffer payload = Payload.allocate(bytes.length).put(bytes).flip();
    if (often(random) && bytes.length >= 8 && (isTable || isConfig)) {
      payload.putInt(isTable ? 0 : 4, entries);
    }
    return payload;
  }

  private static int fds(FrontendMessage type, int entries, Random random) {
    return type.payload() == PayloadKind.MEMORY_TABLE
        ? entries
        : type.minFds() + random.nextInt(type.maxFds() - type.minFds() + 1);
  }

  private static ByteBuffer reencoded(FrontendMessage type, ByteBuffer payload) {
    return switch (type.payload()) {
      case VRING_STATE -> VringState.read(payload).encode();
      case VRING_ADDRESS -> VringAddress.read(payload).encode();
      case MEMORY_TABLE ->
          MemoryTable.encode(MemoryTable.read(payload)).putInt(4, payload.getInt(4));
      case SINGLE_REGION ->
          MemoryTable.encodeSingle(MemoryTable.readSingle(payload)).putLong(0, payload.getLong(0));
      case CONFIG -> ConfigSpace.read(payload).encode();
      default -> payload;
    };
  }

  private static void assertFatal(@Nullable Violation violation, String start) {
    if (violation == null) {
      throw new AssertionError("nothing was found wrong");
    }
    assertThat(violation.fatal()).isTrue();
    assertThat(violation.reason()).startsWith(start);
  }

  private static void assertRefused(@Nullable Violation violation, String... parts) {
    if (violation == null) {
      throw new AssertionError("nothing was found wrong");
    }
    assertThat(violation.fatal()).isFalse();
    assertThat(violation.reason()).contains(parts);
  }
}
