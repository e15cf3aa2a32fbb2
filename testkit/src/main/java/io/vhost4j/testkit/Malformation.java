package io.vhost4j.testkit;

import static io.vhost4j.testkit.RawRing.INDIRECT;
import static io.vhost4j.testkit.RawRing.NEXT;
import static io.vhost4j.testkit.RawRing.WRITE;

import java.util.function.Consumer;

/** What may be wrong with a ring, or look so. Each is made at the start of the ring's life. */
@SuppressWarnings("ImmutableEnumChecker") // the makers have no state
enum Malformation {
  INDEX_JUMPS(ring -> ring.index(ring.size() + 1)),
  INDEX_GOES_BACK(ring -> ring.index(-1)),
  HEAD_OUT_OF_RANGE(ring -> ring.offer(ring.size())),
  HEAD_FAR_OUT_OF_RANGE(ring -> ring.offer(0xffff)),
  NEXT_OUT_OF_RANGE(ring -> ring.descriptor(0, ring.buffer(), 16, NEXT, ring.size()).offer(0)),
  NEXT_BEYOND_TABLE(
      ring ->
          ring.tableEntry(0, ring.buffer(), 16, NEXT, 1)
              .descriptor(0, ring.table(), 16, INDIRECT, 0)
              .offer(0)),
  LOOP(
      ring ->
          ring.descriptor(0, ring.buffer(), 16, NEXT, 1)
              .descriptor(1, ring.buffer(), 16, NEXT, 0)
              .offer(0)),
  LOOP_OF_ONE_WITHOUT_BYTES(ring -> ring.descriptor(3, ring.buffer(), 0, NEXT, 3).offer(3)),
  LOOP_OF_WRITABLE(ring -> ring.descriptor(0, ring.buffer(), 8, NEXT | WRITE, 0).offer(0)),
  LOOP_IN_TABLE(
      ring ->
          ring.tableEntry(0, ring.buffer(), 16, NEXT, 1)
              .tableEntry(1, ring.buffer(), 16, NEXT, 0)
              .descriptor(0, ring.table(), 32, INDIRECT, 0)
              .offer(0)),
  INDIRECT_WITH_NEXT(
      ring ->
          ring.tableEntry(0, ring.buffer(), 16, 0, 0)
              .descriptor(0, ring.table(), 16, INDIRECT | NEXT, 1)
              .offer(0)),
  INDIRECT_IN_TABLE(
      ring ->
          ring.tableEntry(0, ring.table(), 16, INDIRECT, 0)
              .descriptor(0, ring.table(), 16, INDIRECT, 0)
              .offer(0)),
  EMPTY_TABLE(ring -> ring.descriptor(0, ring.table(), 0, INDIRECT, 0).offer(0)),
  RAGGED_TABLE(ring -> ring.descriptor(0, ring.table(), 24, INDIRECT, 0).offer(0)),
  TABLE_OUTSIDE(ring -> ring.descriptor(0, 0x9000_0000L, 16, INDIRECT, 0).offer(0)),
  TABLE_PARTLY_OUTSIDE(ring -> ring.descriptor(0, ring.memoryEnd() - 16, 32, INDIRECT, 0).offer(0)),
  HUGE_TABLE(ring -> ring.descriptor(0, ring.table(), 0xffff_fff0L, INDIRECT, 0).offer(0)),
  READABLE_AFTER_WRITABLE(
      ring ->
          ring.descriptor(0, ring.buffer(), 16, WRITE | NEXT, 1)
              .descriptor(1, ring.buffer(), 16, 0, 0)
              .offer(0)),
  READABLE_OUTSIDE(ring -> ring.descriptor(0, 0x9000_0000L, 16, 0, 0).offer(0)),
  WRITABLE_OUTSIDE(ring -> ring.descriptor(0, 0x9000_0000L, 16, WRITE, 0).offer(0)),
  PARTLY_OUTSIDE(ring -> ring.descriptor(0, ring.memoryEnd() - 8, 16, WRITE, 0).offer(0)),
  ADDRESS_WRAPS(ring -> ring.descriptor(0, -8, 16, 0, 0).offer(0)),
  LENGTH_OF_4_GIB(ring -> ring.descriptor(0, ring.buffer(), 0xffff_ffffL, WRITE, 0).offer(0)),
  CHAIN_OF_A_HUGE_TABLE(ring -> table(ring, 4096, 1 << 20, 0)),
  CHAIN_OF_TOO_MANY_DESCRIPTORS(ring -> table(ring, 1100, 1, 0)),

  /* What a driver may do, though none does. */
  NO_BYTES(ring -> ring.descriptor(0, ring.buffer(), 0, 0, 0).offer(0)),
  NO_ROOM(ring -> ring.descriptor(0, ring.buffer(), 0, WRITE, 0).offer(0)),
  NEITHER_BYTES_NOR_ROOM_NOWHERE(
      ring -> ring.descriptor(0, 0x9000_0000L, 0, NEXT, 1).descriptor(1, 0, 0, WRITE, 0).offer(0)),
  HUGE_REQUEST(ring -> table(ring, 1000, 256 << 10, 0)),
  HUGE_ROOM(ring -> table(ring, 1000, 256 << 10, WRITE)),
  SAME_HEAD_IN_EACH_SLOT(
      ring -> {
        ring.descriptor(5, ring.buffer(), 16, WRITE, 0);
        for (int i = 0; i < ring.size(); i++) {
          ring.offer(5);
        }
      }),
  REQUEST_AND_REPLY_IN_THE_SAME_PLACE(
      ring ->
          ring.descriptor(0, ring.buffer(), 64, NEXT, 1)
              .descriptor(1, ring.buffer(), 64, WRITE, 0)
              .offer(0)),
  REPLY_OVER_THE_RING(
      ring ->
          ring.descriptor(0, ring.buffer(), 64, NEXT, 1).descriptor(1, 0, 512, WRITE, 0).offer(0));

  private final Consumer<RawRing> maker;

  Malformation(Consumer<RawRing> maker) {
    this.maker = maker;
  }

  void make(RawRing ring) {
    maker.accept(ring);
  }

  /** A chain through a table, of pieces in the same place. */
  private static void table(RawRing ring, int pieces, int bytes, int flags) {
    int length = Math.min(bytes, ring.bufferBytes());
    int count = Math.min(pieces, 4096);
    for (int i = 0; i < count; i++) {
      int next = i + 1 < count ? NEXT : 0;
      ring.tableEntry(i, ring.buffer(), length, flags | next, i + 1);
    }
    ring.descriptor(0, ring.table(), 16L * count, INDIRECT, 0).offer(0);
  }
}
