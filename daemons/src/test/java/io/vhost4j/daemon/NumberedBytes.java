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
   * Fails unless a file has so many bytes, all of them of one source and without a gap. The guest's
   * kernel takes the first ones for itself, for its own pool.
   */
  static void assertWithoutGap(Path file, char letter, int bytes) throws IOException {
    byte[] read = Files.readAllBytes(file);
    assertThat(read).hasSize(bytes);
    String word = new String(read, 0, WORD, StandardCharsets.US_ASCII);
    assertThat(word).matches(letter + "[0-9]{6}\n");
    int first = Integer.parseInt(word, 1, WORD - 1, 10);
    assertThat(new String(read, StandardCharsets.US_ASCII))
        .isEqualTo(new String(of(letter, first, first + bytes / WORD), StandardCharsets.US_ASCII));
  }
}
