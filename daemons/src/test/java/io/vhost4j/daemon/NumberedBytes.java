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

  private NumberedBytes() {}

  /**
   * So many bytes, a multiple of 8, from {@code first} on, which is one too.
   *
   * @param letter tells different sources apart
   */
  static byte[] of(char letter, int first, int count) {
    return IntStream.range(first / WORD, (first + count) / WORD)
        .mapToObj(i -> "%c%06d\n".formatted(letter, i))
        .collect(Collectors.joining())
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Fails unless a file has exactly those bytes. */
  static void assertExactly(Path file, char letter, int first, int count) throws IOException {
    assertThat(Files.readString(file, StandardCharsets.US_ASCII))
        .as("%s", file.getFileName())
        .isEqualTo(new String(of(letter, first, count), StandardCharsets.US_ASCII));
  }
}
