package io.vhost4j.vhostuser.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.MemoryRegion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Layouts of the payloads and their codecs in both directions. */
class PayloadTest {
  @Example
  void aHeaderIsThreeNumbersOf32Bits() {
    ByteBuffer buffer = Payload.allocate(12);
    MessageHeader.request(0x12, true, 0x34).write(buffer);
    assertThat(buffer.getInt(0)).isEqualTo(0x12);
    assertThat(buffer.getInt(4)).as("version 1, need_reply").isEqualTo(0x9);
    assertThat(buffer.getInt(8)).isEqualTo(0x34);
    assertThat(MessageHeader.request(1, false, 0).flags()).isEqualTo(0x1);
  }

  @Example
  void c2_aReplyEchoesTheRequestWithFlagsOfExactlyFive() {
    MessageHeader reply = MessageHeader.request(11, true, 8).reply(24);
    assertThat(reply).isEqualTo(new MessageHeader(11, 5, 24));
    assertThat(reply.isReply()).isTrue();
    assertThat(reply.needsReply()).isFalse();
  }

  @Property
  void anyHeaderIsReadAsItWasWritten(@ForAll int request, @ForAll int flags, @ForAll int size) {
    ByteBuffer buffer = Payload.allocate(MessageHeader.SIZE);
    MessageHeader header = new MessageHeader(request, flags, size);
    header.write(buffer);
    assertThat(MessageHeader.read(buffer)).isEqualTo(header);
    boolean sound = (flags & 3) == 1 && size >= 0 && size <= 4096;
    assertThat(header.framingError() == null).isEqualTo(sound);
  }

  @Example
  void layoutOfVringState() {
    assertThat(hex(new VringState(1, 0x200).encode())).isEqualTo("01000000 00020000");
  }

  @Example
  void layoutOfVringAddress() {
    ByteBuffer bytes = new VringAddress(3, 1, 0x11, 0x22, 0x33, 0x44).encode();
    assertThat(hex(bytes))
        .isEqualTo(
            "03000000 01000000 11000000 00000000 22000000 00000000 33000000 00000000 44000000"
                + " 00000000");
  }

  @Example
  void layoutOfVringFile() {
    assertThat(hex(new VringFile(5, true).encode())).isEqualTo("05000000 00000000");
    assertThat(hex(new VringFile(5, false).encode())).isEqualTo("05010000 00000000");
  }

  @Example
  void layoutOfMemoryTable() {
    MemoryRegion region = new MemoryRegion(0x11, 0x22, 0x33, 0x44);
    String bytes = "11000000 00000000 22000000 00000000 33000000 00000000 44000000 00000000";
    assertThat(hex(MemoryTable.encode(List.of(region)))).isEqualTo("01000000 00000000 " + bytes);
    assertThat(hex(MemoryTable.encodeSingle(region))).isEqualTo("00000000 00000000 " + bytes);
  }

  @Example
  void layoutOfConfigSpace() {
    ByteBuffer bytes = ByteBuffer.wrap(new byte[] {1, 2, 3, 4});
    assertThat(hex(new ConfigSpace(8, 1, bytes).encode()))
        .isEqualTo("08000000 04000000 01000000 01020304");
  }

  @Property
  void vringPayloadsAreReadAsTheyWereWritten(
      @ForAll int index,
      @ForAll int number,
      @ForAll long one,
      @ForAll long two,
      @ForAll long three,
      @ForAll long four,
      @ForAll @IntRange(max = 255) int ring,
      @ForAll boolean hasFd) {
    VringState state = new VringState(index, number);
    assertThat(VringState.read(state.encode())).isEqualTo(state);
    VringAddress address = new VringAddress(index, number, one, two, three, four);
    assertThat(VringAddress.read(address.encode())).isEqualTo(address);
    VringFile file = new VringFile(ring, hasFd);
    assertThat(VringFile.read(file.encode())).isEqualTo(file);
    assertThat(Payload.readU64(Payload.u64(one))).isEqualTo(one);
  }

  @Property
  void memoryTablesAreReadAsTheyWereWritten(
      @ForAll("regions") @Size(max = 32) List<MemoryRegion> regions) {
    ByteBuffer payload = MemoryTable.encode(regions);
    assertThat(PayloadKind.MEMORY_TABLE.fits(payload)).isTrue();
    assertThat(MemoryTable.read(payload)).isEqualTo(regions);
    for (MemoryRegion region : regions) {
      assertThat(MemoryTable.readSingle(MemoryTable.encodeSingle(region))).isEqualTo(region);
    }
  }

  @Property
  void configurationIsReadAsItWasWritten(
      @ForAll int offset, @ForAll int flags, @ForAll @Size(max = 300) byte[] content) {
    ByteBuffer payload = new ConfigSpace(offset, flags, ByteBuffer.wrap(content)).encode();
    assertThat(PayloadKind.CONFIG.fits(payload)).isTrue();
    ConfigSpace read = ConfigSpace.read(payload);
    assertThat(read.offset()).isEqualTo(offset);
    assertThat(read.flags()).isEqualTo(flags);
    byte[] bytes = new byte[read.bytes().remaining()];
    read.bytes().get(bytes);
    assertThat(bytes).isEqualTo(content);
  }

  @Provide
  Arbitrary<List<MemoryRegion>> regions() {
    Arbitrary<Long> number = Arbitraries.longs();
    return Combinators.combine(number, number, number, number)
        .as(MemoryRegion::new)
        .list()
        .ofMaxSize(32);
  }

  /** The bytes in groups of four, as on a little-endian machine. */
  private static String hex(ByteBuffer payload) {
    assertThat(payload.order()).isEqualTo(ByteOrder.nativeOrder());
    assertThat(payload.position()).isZero();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < payload.limit(); i++) {
      text.append(i > 0 && i % 4 == 0 ? " " : "").append(String.format("%02x", payload.get(i)));
    }
    return text.toString();
  }
}
