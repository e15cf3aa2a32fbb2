package io.vhost4j.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vhost4j.nativeio.BlockingEventFd;
import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.nativeio.MountedFiles;
import io.vhost4j.nativeio.OddMemory;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ReadOnlyFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class GuestMemoryTest {
  private static final long HUGE_PAGE = 2 << 20;
  private static final long PAGE = 4096;

  private MemoryFile file;
  private final List<GuestMemory> tables = new ArrayList<>();

  @BeforeEach
  void createFile() throws IOException {
    file = MemoryFile.create("vhost4j-table", 16 * PAGE);
  }

  @AfterEach
  void nothingStaysMapped() throws IOException {
    tables.forEach(GuestMemory::release);
    file.close();
    assertThat(Maps.count("vhost4j-table")).isZero();
  }

  private GuestMemory map(MemoryRegion... regions) throws GuestMemoryException {
    int[] fds = new int[regions.length];
    Arrays.fill(fds, file.fd());
    return keep(GuestMemory.map(List.of(regions), fds));
  }

  private GuestMemory keep(GuestMemory memory) {
    tables.add(memory);
    return memory;
  }

  private static MemoryRegion region(long guest, long size, long user, long offset) {
    return new MemoryRegion(guest, size, user, offset);
  }

  private static byte[] bytes(GuestMemory memory, long address, int length) {
    byte[] bytes = new byte[length];
    assertThat(memory.read(address, ByteBuffer.wrap(bytes))).isTrue();
    return bytes;
  }

  private static void put(GuestMemory memory, long address, int... bytes) {
    ByteBuffer source = ByteBuffer.allocate(bytes.length);
    for (int b : bytes) {
      source.put((byte) b);
    }
    assertThat(memory.write(address, source.flip())).isTrue();
  }

  @Test
  void anAddressOutsideTheTableIsAnAnswerAndNoException() throws Exception {
    GuestMemory memory =
        map(region(0x10000, PAGE, 0x10000, 0), region(0x30000, PAGE, 0x30000, PAGE));
    long[] outside = {0, 0xffff, 0x11000, 0x20000, 0x2ffff, 0x31000, Long.MAX_VALUE, -1, 1L << 63};
    for (long address : outside) {
      assertThat(memory.find(address)).as("0x%x", address).isEqualTo(-1);
      assertThat(memory.toUserAddress(address)).isEqualTo(-1);
      assertThat(memory.slice(address, 1)).isNull();
      assertThat(memory.sliceAtUserAddress(address, 1)).isNull();
      assertThat(memory.covers(address, 1)).isFalse();
      assertThat(memory.read(address, ByteBuffer.allocate(1))).isFalse();
      assertThat(memory.write(address, ByteBuffer.allocate(1))).isFalse();
    }
    assertThat(GuestMemory.empty().find(0)).isEqualTo(-1);
  }

  @Test
  void everyByteOfARegionIsFoundWhateverTheOrderOfTheTable() throws Exception {
    GuestMemory memory =
        map(
            region(0x30000, PAGE, 1 << 20, PAGE),
            region(0x10000, 2 * PAGE, 2 << 20, 2 * PAGE),
            region(0x50000, 1, 3 << 20, 0));
    for (long address : new long[] {0x10000, 0x11fff, 0x30000, 0x30fff, 0x50000, 0x10001}) {
      int view = memory.find(address);
      assertThat(view).as("0x%x", address).isNotNegative();
      memory.view(view).put(memory.offset(view, address), (byte) ((address >> 12) ^ address));
    }
    GuestMemory whole = map(region(0, 16 * PAGE, 0, 0));
    assertThat(bytes(whole, 2 * PAGE, 1)).containsExactly((byte) 0x10);
    assertThat(bytes(whole, 4 * PAGE - 1, 1)).containsExactly((byte) (0x11 ^ 0xff));
    assertThat(bytes(whole, PAGE, 1)).containsExactly((byte) 0x30);
    assertThat(bytes(whole, 0, 1)).containsExactly((byte) 0x50);
  }

  @Test
  void aRegionMayEndAtTheEndOfTheAddressSpace() throws Exception {
    GuestMemory memory = map(region(-PAGE, PAGE, -PAGE, 0), region(0, PAGE, 0, PAGE));
    assertThat(memory.find(-1)).isNotNegative();
    assertThat(memory.covers(-PAGE, PAGE)).isTrue();
    assertThat(memory.covers(-1, 2)).as("wraps to region 0").isFalse();
    assertThat(memory.read(-1, ByteBuffer.allocate(2))).isFalse();
    assertThat(memory.sliceAtUserAddress(-16, 16)).isNotNull();
    assertThat(memory.sliceAtUserAddress(-16, 17)).isNull();
  }

  @Test
  void c21TheFileOffsetNeedNotBeAligned() throws Exception {
    GuestMemory whole = map(region(0, 16 * PAGE, 0, 0));
    put(whole, 0x1234, 11, 22);
    put(whole, 0x1234 + PAGE - 1, 33);
    GuestMemory memory = map(region(0x8000_0000L, PAGE, 0x100, 0x1234));
    assertThat(bytes(memory, 0x8000_0000L, 2)).containsExactly(11, 22);
    assertThat(bytes(memory, 0x8000_0fffL, 1)).containsExactly(33);
    assertThat(memory.find(0x8000_1000L)).isEqualTo(-1);
  }

  @Test
  void c22RingsAreFoundByUserAddressAndOnlyWithinOneRegion() throws Exception {
    GuestMemory memory =
        map(region(0, PAGE, 0x7f00_0000, 0), region(PAGE, PAGE, 0x7f00_1000, PAGE));
    put(memory, 0x10, 1, 2, 3, 4);
    ByteBuffer ring = Objects.requireNonNull(memory.sliceAtUserAddress(0x7f00_0010, 4));
    assertThat(ring.getInt(0)).as("little-endian").isEqualTo(0x04030201);
    assertThat(ring.capacity()).isEqualTo(4);
    assertThat(memory.sliceAtUserAddress(0x7f00_0ffc, 4)).isNotNull();
    assertThat(memory.sliceAtUserAddress(0x7f00_0ffd, 4)).as("over a seam").isNull();
    assertThat(memory.sliceAtUserAddress(0x10, 4)).as("a guest address").isNull();
    assertThat(memory.toUserAddress(PAGE + 5)).isEqualTo(0x7f00_1005);
  }

  @Test
  void copiesGoOverTheSeamBetweenAdjacentRegionsAndStopAtHoles() throws Exception {
    GuestMemory memory =
        map(
            region(0, PAGE, 0, 3 * PAGE),
            region(PAGE, PAGE, 1 << 20, 0),
            region(3 * PAGE, PAGE, 2 << 20, PAGE));
    put(memory, PAGE - 2, 1, 2, 3, 4);
    assertThat(bytes(memory, PAGE - 2, 4)).containsExactly(1, 2, 3, 4);
    assertThat(bytes(memory, PAGE, 2)).containsExactly(3, 4);
    assertThat(memory.covers(0, 2 * PAGE)).isTrue();
    assertThat(memory.covers(0, 2 * PAGE + 1)).isFalse();
    assertThat(memory.covers(0, -1)).isFalse();
    assertThat(memory.covers(12345678, 0)).isTrue();
    ByteBuffer overHole = ByteBuffer.wrap(new byte[] {9, 9});
    assertThat(memory.write(2 * PAGE - 1, overHole)).isFalse();
    assertThat(overHole.position()).isZero();
    assertThat(bytes(memory, 2 * PAGE - 1, 1)).as("nothing copied").containsExactly(0);
  }

  @Test
  void c23OverlapsAreRefusedInGuestAndInUserAddresses() {
    MemoryRegion first = region(0x10000, 2 * PAGE, 0x50000, 0);
    for (long guest : new long[] {0x10000, 0xf001, 0x11fff}) {
      assertThatThrownBy(() -> map(first, region(guest, PAGE, 0x90000, 0)))
          .isInstanceOf(GuestMemoryException.class)
          .hasMessageStartingWith("memory region 0x10000+0x2000 and")
          .hasMessageEndingWith("overlap in guest addresses");
    }
    assertThatThrownBy(() -> map(first, region(0x90000, PAGE, 0x51000, 0)))
        .hasMessageEndingWith("overlap in user addresses");
    assertThatThrownBy(() -> map(region(-2 * PAGE, 2 * PAGE, 0, 0), region(-1, 1, 0x9000, 0)))
        .hasMessageContaining("overlap");
  }

  @Test
  void e9ImpossibleRegionsAreRefused() {
    assertRefused(region(0, 0, 0, 0), "impossible size of 0");
    assertRefused(region(0, -1, 0, 0), "impossible size of 18446744073709551615");
    assertRefused(region(-PAGE, PAGE + 1, 0, 0), "wraps the address space");
    assertRefused(region(0, PAGE + 1, -PAGE, 0), "wraps the address space");
    assertRefused(region(0, PAGE, 0, -1), "impossible file offset of 0xffffffffffffffff");
    assertRefused(region(0, PAGE, 0, Long.MAX_VALUE), "impossible file offset");
    assertRefused(region(0, PAGE, 0, Long.MAX_VALUE - PAGE), "of a file of 65536 bytes");
    assertRefused(region(0, 16 * PAGE + 1, 0, 0), "ends at byte 65537 of a file of 65536 bytes");
    assertRefused(region(0, PAGE, 0, 15 * PAGE + 1), "ends at byte 65537 of a file of 65536 bytes");
    assertRefused(region(0, 1L << 60, 0, 0), "impossible size");
  }

  private void assertRefused(MemoryRegion bad, String message) {
    assertThatThrownBy(() -> map(region(1L << 40, PAGE, 1L << 40, 0), bad))
        .isInstanceOf(GuestMemoryException.class)
        .hasMessageStartingWith("memory region ")
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }

  @Test
  void e9AFileThatCannotBeMappedIsRefusedAndWhatWasMappedIsUndone() throws Exception {
    List<MemoryRegion> regions = List.of(region(0, PAGE, 0, 0), region(1 << 20, PAGE, 1 << 20, 0));
    assertThatThrownBy(() -> GuestMemory.map(regions, file.fd(), 1_000_000))
        .isInstanceOf(GuestMemoryException.class)
        .hasMessageContaining("cannot be mapped")
        .hasMessageContaining("Bad file descriptor");
    assertThat(Maps.count("vhost4j-table")).isZero();
    assertThatThrownBy(() -> GuestMemory.map(regions, file.fd()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void c24RegionsComeAndGoWhileTheOthersKeepTheirMapping() throws Exception {
    GuestMemory one = map(region(0, PAGE, 0, 0));
    put(one, 0, 42);
    GuestMemory two = keep(one.with(region(1 << 20, PAGE, 1 << 20, PAGE), file.fd()));
    assertThat(one.regions()).hasSize(1);
    assertThat(two.regions()).hasSize(2);
    assertThat(Maps.count("vhost4j-table")).isEqualTo(2);
    GuestMemory three = keep(two.without(region(0, PAGE, 0, 12345)));
    assertThat(three.regions()).containsExactly(region(1 << 20, PAGE, 1 << 20, PAGE));
    assertThat(bytes(one, 0, 1)).containsExactly(42);
    assertThat(bytes(two, 0, 1)).containsExactly(42);
    assertThat(three.find(0)).isEqualTo(-1);
  }

  @Test
  void c24RemovingAnUnknownRegionOrAddingAnOverlapLeavesTheTableAlone() throws Exception {
    GuestMemory memory = map(region(0, PAGE, 0x5000, 0));
    for (MemoryRegion other :
        List.of(
            region(1, PAGE, 0x5000, 0),
            region(0, PAGE - 1, 0x5000, 0),
            region(0, PAGE, 0x5001, 0))) {
      assertThatThrownBy(() -> memory.without(other))
          .isInstanceOf(GuestMemoryException.class)
          .hasMessageStartingWith("there is no memory region");
      assertThatThrownBy(() -> memory.with(other, file.fd())).hasMessageContaining("overlap");
    }
    assertThatThrownBy(() -> memory.with(region(1 << 20, PAGE, 1 << 20, 0), 1_000_000))
        .hasMessageContaining("cannot be mapped");
    assertThat(Maps.count("vhost4j-table")).isEqualTo(1);
  }

  @Test
  void c26TheLastUserUnmaps() throws Exception {
    GuestMemory one = GuestMemory.map(List.of(region(0, PAGE, 0, 0)), file.fd());
    GuestMemory two = one.with(region(1 << 20, PAGE, 1 << 20, PAGE), file.fd());
    one.retain();
    one.release();
    one.release();
    assertThat(Maps.count("vhost4j-table")).as("shared with the second").isEqualTo(2);
    GuestMemory three = two.without(region(1 << 20, PAGE, 1 << 20, 0));
    two.release();
    assertThat(Maps.count("vhost4j-table")).isEqualTo(1);
    put(three, 0, 7);
    three.release();
    assertThat(three.find(0))
        .as("nothing, or whoever looks at it would end the process")
        .isEqualTo(-1);
    assertThat(Maps.count("vhost4j-table")).isZero();
    assertThatThrownBy(three::release).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(three::retain).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theDescriptorIsTheCallersAndTheMappingOutlivesIt() throws Exception {
    GuestMemory memory = GuestMemory.map(List.of(region(0, PAGE, 0, 0)), file.fd());
    file.close();
    file.close();
    put(memory, 0, 1);
    assertThat(bytes(memory, 0, 1)).containsExactly(1);
    memory.release();
  }

  @Test
  void fiveGibibytesAreContiguousForOneGibibyteFromAnywhere() throws Exception {
    long gib = 1L << 30;
    long base = 0x1_0000_0000L;
    try (MemoryFile large = MemoryFile.create("vhost4j-table", 5 * gib)) {
      GuestMemory memory = keep(GuestMemory.map(List.of(region(base, 5 * gib, 0, 0)), large.fd()));
      for (long seam : new long[] {gib, 2 * gib, 3 * gib, 4 * gib, (1L << 31) - 1}) {
        long address = base + seam - 3;
        int view = memory.find(address);
        int offset = memory.offset(view, address);
        memory.view(view).putLong(offset, seam * 31);
        assertThat(memory.view(view).capacity() - offset)
            .isGreaterThanOrEqualTo((int) Math.min(gib, 5 * gib - seam + 3));
        view = memory.find(base + seam);
        assertThat(memory.view(view).getInt(memory.offset(view, base + seam)))
            .isEqualTo((int) ((seam * 31) >>> 24));
      }
      put(memory, base + 5 * gib - 1, 5);
      assertThat(memory.find(base + 5 * gib)).isEqualTo(-1);
      assertThat(memory.slice(base + 5 * gib - 4, 4)).isNotNull();
      assertThat(memory.slice(base + 5 * gib - 4, 5)).isNull();
      assertThat(memory.slice(base + gib - 1, (int) gib)).isNotNull();
      assertThat(memory.covers(base, 5 * gib)).isTrue();
      assertThat(memory.covers(base + 1, 5 * gib)).isFalse();
      assertThat(memory.sliceAtUserAddress(4 * gib - 8, 16)).isNotNull();
    }
  }

  @Test
  void accessToATruncatedFileIsAnInternalErrorByTheEndOfTheBlockAndTheJvmSurvives()
      throws Exception {
    int victim = MemoryCalls.createMemoryFile("vhost4j-table");
    MemoryCalls.truncate(victim, 4 * PAGE);
    GuestMemory memory = keep(GuestMemory.map(List.of(region(0, 4 * PAGE, 0, 0)), victim));
    ByteBuffer target = ByteBuffer.allocateDirect(4096);
    for (int i = 0; i < 100_000; i++) { // until compiled
      assertThat(sumOfLongs(memory, (i & 3) * PAGE)).isZero();
      assertThat(memory.read((i & 3) * PAGE, target.clear().limit(8))).isTrue();
      memory.deliverFaults();
    }
    MemoryCalls.truncate(victim, PAGE);
    for (int i = 0; i < 20; i++) {
      long address = (1 + i % 3) * PAGE;
      assertFaults(memory, () -> sumOfLongs(memory, address));
      assertFaults(memory, () -> memory.read(address, target.clear()));
      assertFaults(memory, () -> memory.write(address, target.clear()));
      assertThat(sumOfLongs(memory, 0)).isZero();
    }
    put(memory, 0, 1);
    MemoryCalls.closeFile(victim);
  }

  /**
   * Nobody can truncate the file, but a huge page can be missing all the same: those that were
   * reserved for our mapping are not there for a process that comes without a reservation, and
   * holes can be punched.
   */
  @Test
  void sealedHugePagesCanFault() throws Exception {
    try (OwnedFd huge = OddMemory.sealedHugePages(HUGE_PAGE)) {
      assertThat(MemoryCalls.isSealedAgainstShrinking(huge.number())).isTrue();
      assertThat(MemoryCalls.accessCanFault(huge.number())).isTrue();
    }
    assertThat(MemoryCalls.accessCanFault(file.fd())).isFalse();
  }

  @Test
  void accessToAHugePageThatIsMissingIsAnInternalErrorByTheEndOfTheBlock() throws Exception {
    assumeTrue(hugePages() == 0, "huge pages are in use here");
    assumeTrue(setHugePages(1), "the pool of huge pages cannot be changed here");
    try (OwnedFd huge = OddMemory.sealedHugePages(HUGE_PAGE)) {
      GuestMemory memory =
          keep(GuestMemory.map(List.of(region(0, HUGE_PAGE, 0, 0)), huge.number()));
      put(memory, 0, 1);
      for (int i = 0; i < 100_000; i++) { // until compiled: the access itself may seem to succeed
        assertThat(sumOfLongs(memory, 0)).isNotZero();
        memory.deliverFaults();
      }
      OddMemory.punch(huge, HUGE_PAGE);
      assertThat(setHugePages(0)).isTrue();
      assertFaults(memory, () -> sumOfLongs(memory, 0));
    } finally {
      setHugePages(0);
    }
  }

  private static final Path POOL = Path.of("/proc/sys/vm/nr_hugepages");

  private static long hugePages() throws IOException {
    return Long.parseLong(Files.readString(POOL).trim());
  }

  private static boolean setHugePages(long count) throws IOException {
    if (!Files.isWritable(POOL)) {
      return false;
    }
    Files.writeString(POOL, Long.toString(count));
    return hugePages() == count;
  }

  @Test
  void memoryMayLieInMemoryAndOnLocalDisksOnly() {
    for (String type : List.of("ext4", "xfs", "btrfs", "overlay")) {
      assertThat(MappedRegion.isLocal(type)).as(type).isTrue();
    }
    for (String type : List.of("fuse", "fuse.sshfs", "fuseblk", "nfs", "nfs4", "cifs", "9p")) {
      assertThat(MappedRegion.isLocal(type)).as(type).isFalse();
    }
    assertThat(MappedRegion.isLocal("virtiofs")).isFalse();
    assertThat(MappedRegion.isLocal("proc")).isFalse();
  }

  @Test
  void theFileSystemOfAFileIsFoundWithoutAskingIt() throws Exception {
    for (String path : List.of("/proc/version", "/dev/null")) {
      try (OwnedFd fd = ReadOnlyFile.open(path)) {
        String shown = MountedFiles.type(fd.number());
        assertThat(shown).isEqualTo(Files.getFileStore(Path.of(path)).type());
      }
    }
    try (OwnedFd fd = BlockingEventFd.create()) {
      assertThat(MountedFiles.type(fd.number())).isNull();
    }
  }

  /** Not with AssertJ, which would hide where the error comes out. */
  private static void assertFaults(GuestMemory memory, Runnable access) {
    boolean caught = false;
    try {
      access.run();
      memory.deliverFaults();
    } catch (InternalError e) {
      caught = true;
    }
    assertThat(caught).isTrue();
  }

  @Test
  void theMemoryOfOurOwnFrontendsCannotBeTruncated() {
    assertThat(MemoryCalls.isSealedAgainstShrinking(file.fd())).isTrue();
    assertThatThrownBy(() -> MemoryCalls.truncate(file.fd(), PAGE))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not permitted");
  }

  private static long sumOfLongs(GuestMemory memory, long address) {
    int view = memory.find(address);
    int offset = memory.offset(view, address);
    long sum = 0;
    for (int i = 0; i < 8; i++) {
      sum += memory.view(view).getLong(offset + 8 * i);
    }
    return sum;
  }
}
