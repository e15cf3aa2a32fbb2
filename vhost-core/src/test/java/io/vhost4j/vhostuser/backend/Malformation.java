package io.vhost4j.vhostuser.backend;

import static io.vhost4j.vhostuser.backend.RawRing.INDIRECT;
import static io.vhost4j.vhostuser.backend.RawRing.NEXT;
import static io.vhost4j.vhostuser.backend.RawRing.TABLE;
import static io.vhost4j.vhostuser.backend.RawRing.WRITE;

import java.util.function.Consumer;

/** What may be wrong with a ring, and some words of the log line. */
@SuppressWarnings("ImmutableEnumChecker") // the makers have no state
enum Malformation {
  INDEX_JUMPS("ahead in a ring", ring -> ring.index(17)),
  INDEX_GOES_BACK("ahead in a ring", ring -> ring.index(-1)),
  HEAD_OUT_OF_RANGE("head ", ring -> ring.offer(16)),
  HEAD_FAR_OUT_OF_RANGE("head ", ring -> ring.offer(0xffff)),
  NEXT_OUT_OF_RANGE("next ", ring -> ring.descriptor(0, Guest.request(0), 16, NEXT, 16).offer(0)),
  NEXT_BEYOND_TABLE(
      "next ",
      ring ->
          ring.tableEntry(0, Guest.request(0), 16, NEXT, 1)
              .descriptor(0, TABLE, 16, INDIRECT, 0)
              .offer(0)),
  LOOP(
      "visits more than",
      ring ->
          ring.descriptor(0, Guest.request(0), 16, NEXT, 1)
              .descriptor(1, Guest.request(0), 16, NEXT, 0)
              .offer(0)),
  LOOP_OF_ONE(
      "visits more than", ring -> ring.descriptor(3, Guest.request(0), 0, NEXT, 3).offer(3)),
  LOOP_IN_TABLE(
      "visits more than",
      ring ->
          ring.tableEntry(0, Guest.request(0), 16, NEXT, 1)
              .tableEntry(1, Guest.request(0), 16, NEXT, 0)
              .descriptor(0, TABLE, 32, INDIRECT, 0)
              .offer(0)),
  INDIRECT_WITH_NEXT(
      "both indirect and with a next one",
      ring ->
          ring.tableEntry(0, Guest.request(0), 16, 0, 0)
              .descriptor(0, TABLE, 16, INDIRECT | NEXT, 1)
              .offer(0)),
  INDIRECT_IN_TABLE(
      "inside an indirect table",
      ring ->
          ring.tableEntry(0, TABLE, 16, INDIRECT, 0)
              .descriptor(0, TABLE, 16, INDIRECT, 0)
              .offer(0)),
  EMPTY_TABLE("an indirect table", ring -> ring.descriptor(0, TABLE, 0, INDIRECT, 0).offer(0)),
  RAGGED_TABLE("an indirect table", ring -> ring.descriptor(0, TABLE, 24, INDIRECT, 0).offer(0)),
  TABLE_OUTSIDE(
      "an indirect table", ring -> ring.descriptor(0, 0x9000_0000L, 16, INDIRECT, 0).offer(0)),
  TABLE_PARTLY_OUTSIDE(
      "an indirect table", ring -> ring.descriptor(0, end() - 16, 32, INDIRECT, 0).offer(0)),
  HUGE_TABLE(
      "an indirect table", ring -> ring.descriptor(0, TABLE, 0xffff_fff0L, INDIRECT, 0).offer(0)),
  READABLE_AFTER_WRITABLE(
      "a readable descriptor after",
      ring ->
          ring.descriptor(0, Guest.request(0), 16, WRITE | NEXT, 1)
              .descriptor(1, Guest.request(0), 16, 0, 0)
              .offer(0)),
  BUFFER_OUTSIDE("a buffer ", ring -> ring.descriptor(0, 0x9000_0000L, 16, 0, 0).offer(0)),
  BUFFER_PARTLY_OUTSIDE("a buffer ", ring -> ring.descriptor(0, end() - 8, 16, WRITE, 0).offer(0)),
  BUFFER_WRAPS("a buffer ", ring -> ring.descriptor(0, -8, 16, 0, 0).offer(0)),
  BUFFER_BEFORE_MEMORY("a buffer ", ring -> ring.descriptor(0, Guest.BASE - 8, 16, 0, 0).offer(0)),
  CHAIN_OF_MORE_THAN_4_GIB(
      "more than 2^32 bytes",
      ring -> {
        for (int i = 0; i < 600; i++) {
          ring.tableEntry(i, Guest.BASE, Guest.MEMORY_SIZE, NEXT, i + 1);
        }
        ring.descriptor(0, TABLE, 16 * 601, INDIRECT, 0).offer(0);
      }),
  CHAIN_OF_TOO_MANY_DESCRIPTORS(
      "an indirect chain of more",
      ring -> {
        for (int i = 0; i < 1100; i++) {
          ring.tableEntry(i, Guest.request(0), 1, i < 1099 ? NEXT : 0, i + 1);
        }
        ring.descriptor(0, TABLE, 16 * 1100, INDIRECT, 0).offer(0);
      });

  private final String words;
  private final Consumer<RawRing> maker;

  Malformation(String words, Consumer<RawRing> maker) {
    this.words = words;
    this.maker = maker;
  }

  /** Words of the log line. */
  String words() {
    return words;
  }

  /** Does it to a ring at the start of its life. */
  void make(RawRing ring) {
    maker.accept(ring);
  }

  private static long end() {
    return Guest.BASE + Guest.MEMORY_SIZE;
  }
}
