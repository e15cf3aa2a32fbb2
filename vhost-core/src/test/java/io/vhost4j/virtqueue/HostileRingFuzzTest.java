package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/**
 * Memory full of random and nearly right rings, against {@link PlainRing}: the queue finds the same
 * chains, or breaks for the same rule, and after each step all of guest memory is what the plain
 * reading of the rules says, so nothing is ever written outside of writable buffers and used ring
 * (V1). Buffers may lie on top of the rings and change them under way.
 *
 * <p>{@code -Dvhost4j.fuzz.rings=N} and {@code -Dvhost4j.fuzz.seed=S} make it longer or repeat it.
 */
class HostileRingFuzzTest {
  private static final long RINGS = Long.getLong("vhost4j.fuzz.rings", 200_000);

  /**
   * Guest addresses 0 to 0x800, 0x800 to 0xc00, and 0x1000 to 0x1400; behind each other in file.
   */
  private static final int FILE = 0x1000;

  private static final List<MemoryRegion> REGIONS =
      List.of(
          new MemoryRegion(0, 0x800, 0, 0),
          new MemoryRegion(0x800, 0x400, 0x10000, 0x800),
          new MemoryRegion(0x1000, 0x400, 0x20000, 0xc00));

  private static final int N = 8;
  private static final int AVAIL = 0x80;
  private static final int USED = 0x100;

  private int taken;
  private final Map<String, Integer> broken = new TreeMap<>();

  @Test
  void aRingFullOfGarbageDoesNothingButWhatTheRulesSay() throws Exception {
    long seed = Long.getLong("vhost4j.fuzz.seed", new SplittableRandom().nextLong());
    System.out.println("HostileRingFuzzTest: -Dvhost4j.fuzz.seed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    try (MemoryFile file = MemoryFile.create("vhost4j-fuzz", FILE)) {
      GuestMemory memory = GuestMemory.map(REGIONS, file.fd(), file.fd(), file.fd());
      GuestMemory whole = GuestMemory.map(List.of(new MemoryRegion(0, FILE, 0, 0)), file.fd());
      ByteBuffer raw = Objects.requireNonNull(whole.slice(0, FILE));
      Assertions.assertTimeoutPreemptively(
          Duration.ofMinutes(3),
          () -> {
            for (long i = 0; i < RINGS; i++) {
              fuzz(random, memory, raw);
            }
          });
      whole.release();
      memory.release();
    }
    assertThat(taken).as("chains that were good").isGreaterThan((int) (RINGS / 10));
    assertThat(broken.keySet())
        .as("rules that were broken")
        .contains("V17", "V18", "V19", "V20", "V21", "V22", "V23", "V24", "V25", "V26");
  }

  private void fuzz(SplittableRandom random, GuestMemory memory, ByteBuffer raw)
      throws VirtqueueException {
    byte[] content = new byte[FILE];
    fill(random, ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN));
    raw.put(0, content);
    long features = random.nextInt(4) == 0 ? 0 : RingFeatures.INDIRECT_DESC;
    int start = random.nextInt(65536);
    int ahead = random.nextInt(16) == 0 ? random.nextInt(65536) : random.nextInt(N + 1);
    ByteBuffer model = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    model.putShort(AVAIL + 2, (short) (start + ahead));
    raw.putShort(AVAIL + 2, (short) (start + ahead));

    PlainRing plain = new PlainRing(model, REGIONS, N, AVAIL, USED, features, start);
    try (SplitVirtqueue queue =
        SplitVirtqueue.create(memory, N, new VringAddresses(0, AVAIL, USED), features, start)) {
      for (int step = 0; step < 2 * N; step++) {
        String expectedRule = plain.next();
        DescriptorChain chain;
        try {
          chain = queue.next();
          assertThat(expectedRule).as("rule").isNull();
        } catch (VirtqueueException e) {
          if (expectedRule == null || !e.rule().equals(expectedRule)) {
            throw new AssertionError("not " + expectedRule + " but " + Rules.broken(e));
          }
          broken.merge(expectedRule, 1, Integer::sum);
          break;
        }
        if (chain == null) {
          assertThat(plain.hasChain()).isFalse();
          break;
        }
        taken++;
        compare(plain, chain);
        int written = (int) Math.min(chain.writer().size(), random.nextInt(2000));
        write(random, plain, chain, written);
        queue.complete(chain, written);
        plain.complete(written);
        assertSame(raw, content);
      }
    }
    assertSame(raw, content);
  }

  private static void assertSame(ByteBuffer raw, byte[] content) {
    if (!raw.equals(ByteBuffer.wrap(content))) {
      byte[] found = new byte[FILE];
      raw.get(0, found);
      throw new AssertionError(
          "guest memory differs at 0x" + Integer.toHexString(Arrays.mismatch(found, content)));
    }
  }

  private static void compare(PlainRing plain, DescriptorChain chain) {
    assertThat(chain.head()).isEqualTo(plain.head());
    assertThat(chain.reader().size()).isEqualTo(plain.readable().length);
    assertThat(chain.writer().size()).isEqualTo(plain.writableSize());
    byte[] read = new byte[plain.readable().length];
    chain.reader().read(ByteBuffer.wrap(read));
    assertThat(Arrays.equals(read, plain.readable())).isTrue();
  }

  private static void write(
      SplittableRandom random, PlainRing plain, DescriptorChain chain, int written) {
    byte[] answer = new byte[written];
    random.nextBytes(answer);
    chain.writer().write(ByteBuffer.wrap(answer));
    plain.write(answer);
  }

  /** Somewhat plausible rings, so that every rule is reached often. */
  private static void fill(SplittableRandom random, ByteBuffer memory) {
    for (int i = 0; i < FILE; i += 8) {
      memory.putLong(i, random.nextInt(4) == 0 ? random.nextLong() : 0);
    }
    if (random.nextInt(8) == 0) {
      return; // nothing but noise
    }
    for (int i = 0; i < N; i++) {
      descriptor(random, memory, 16 * i, N, 0);
    }
    int tables = 0x200;
    for (int i = 0; i < 8; i++) {
      int entries = random.nextInt(1, 9);
      for (int j = 0; j < entries; j++) {
        descriptor(random, memory, tables + 0x80 * i + 16 * j, entries, 16);
      }
    }
    for (int i = 0; i < N; i++) {
      int head = random.nextInt(64) == 0 ? random.nextInt(65536) : random.nextInt(N);
      memory.putShort(AVAIL + 4 + 2 * i, (short) head);
    }
  }

  private static void descriptor(
      SplittableRandom random, ByteBuffer memory, int at, int entries, int rareIndirect) {
    boolean indirect = random.nextInt(4 + 4 * rareIndirect) == 0;
    long address =
        switch (random.nextInt(24)) {
          case 0 -> random.nextLong();
          case 1 -> random.nextInt(0x1800);
          case 2 -> -random.nextInt(64);
          default -> indirect ? 0x200 + 0x80 * random.nextInt(8) : 0x600 + random.nextInt(0x600);
        };
    int length =
        switch (random.nextInt(16)) {
          case 0 -> random.nextInt();
          case 1 -> 0;
          default -> indirect ? 16 * random.nextInt(1, 9) : random.nextInt(200);
        };
    int flags = indirect ? 4 : random.nextInt(3) == 0 ? 2 : 0;
    flags |= random.nextInt(indirect ? 16 : 2) == 0 ? 1 : 0;
    int next = random.nextInt(32) == 0 ? random.nextInt(65536) : random.nextInt(entries);
    memory.putLong(at, address);
    memory.putInt(at + 8, length);
    memory.putShort(at + 12, (short) flags);
    memory.putShort(at + 14, (short) next);
  }
}
