package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Bytes for a source of entropy, every eight of which tell what place they have. */
final class NumberedBytes {
  private static final int WORD = 8;

  /** What the kernel asks for at a time: a read of a multiple gets bytes in their order. */
  static final int BLOCK = 64;

  /** Words of the blocks that the kernel may take for itself in a short life. */
  private static final int MOST_MISSING = 8 * BLOCK / WORD;

  private NumberedBytes() {}

  /**
   * The words from {@code first} to before {@code end}.
   *
   * @param letter tells different sources apart
   */
  static byte[] of(char letter, int first, int end) {
    return IntStream.range(first, end)
        .mapToObj(i -> "%c%06d\n".formatted(letter, i))
        .collect(Collectors.joining())
        .getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Fails unless a file has so many bytes in blocks as the source had them and in their order. Now
   * and then the kernel takes a block for its own pool, the first one for example: these few are
   * missing.
   */
  static void assertInOrder(Path file, char letter, int bytes) throws IOException {
    assertThat(file).hasSize(bytes);
    String read = Files.readString(file, StandardCharsets.US_ASCII);
    int expected = 0;
    int missing = 0;
    for (int at = 0; at < bytes; at += BLOCK) {
      String block = read.substring(at, at + BLOCK);
      assertThat(block).as("block at %d", at).matches("(?s)" + letter + "[0-9]{6}\n.*");
      int first = Integer.parseInt(block, 1, WORD - 1, 10);
      assertThat(block)
          .isEqualTo(
              new String(of(letter, first, first + BLOCK / WORD), StandardCharsets.US_ASCII));
      assertThat(first).as("word at %d", at).isGreaterThanOrEqualTo(expected);
      if (at > 0) {
        missing += first - expected;
      }
      expected = first + BLOCK / WORD;
    }
    assertThat(missing).as("words missing in between").isLessThanOrEqualTo(MOST_MISSING);
  }
}
