package io.vhost4j.examples;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Random numbers, and a note of the last byte of each. Any thread. */
final class Transcript implements RandomGenerator {
  private final RandomGenerator source;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  Transcript(RandomGenerator source) {
    this.source = source;
  }

  @Override
  public int nextInt() {
    int value = source.nextInt();
    bytes.write(value);
    return value;
  }

  @Override
  public long nextLong() {
    return ((long) nextInt() << 32) | (nextInt() & 0xffff_ffffL);
  }

  /** The lowest byte of each int so far. */
  byte[] bytes() {
    return bytes.toByteArray();
  }

  /**
   * How many bytes at the start of {@code read} are pieces of {@code given} in the same order.
   * There are gaps between pieces where somebody else was given bytes, such as the guest's kernel.
   *
   * @param shortestPiece so many bytes in a row that chance does not find them
   */
  static int commonBytes(byte[] read, byte[] given, int shortestPiece) {
    int at = 0;
    int from = 0;
    while (at < read.length) {
      int length = Math.min(shortestPiece, read.length - at);
      int found = find(read, at, length, given, from);
      if (found < 0) {
        return at;
      }
      int mismatch = Arrays.mismatch(read, at, read.length, given, found, given.length);
      int equal = mismatch < 0 ? read.length - at : mismatch;
      at += equal;
      from = found + equal;
    }
    return at;
  }

  private static int find(byte[] piece, int at, int length, byte[] given, int from) {
    for (int i = from; i + length <= given.length; i++) {
      if (Arrays.equals(piece, at, at + length, given, i, i + length)) {
        return i;
      }
    }
    return -1;
  }
}
