package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class NativeHeapTest {
  private static final int BLOCKS = 1000;

  /**
   * So small that the C library takes it from its heap, which it only ever gives back at the end.
   */
  private static final int BLOCK_BYTES = 64 * 1024;

  @Test
  void whatIsFreeInTheMiddleOfTheHeapGoesBackToTheSystem() throws Exception {
    List<Memory> blocks = new ArrayList<>();
    for (int i = 0; i < BLOCKS; i++) {
      Memory block = new Memory(BLOCK_BYTES);
      block.clear();
      blocks.add(block);
    }
    Memory last = new Memory(BLOCK_BYTES);
    last.clear();
    blocks.forEach(Memory::close);
    long before = residentBytes();

    NativeHeap.trim();

    assertThat(residentBytes()).isLessThan(before - (long) BLOCKS * BLOCK_BYTES / 2);
    last.close();
  }

  private static long residentBytes() throws IOException {
    try (Scanner pages = new Scanner(Path.of("/proc/self/statm"), StandardCharsets.US_ASCII)) {
      pages.nextLong(); // the size
      return 4096 * pages.nextLong();
    }
  }
}
