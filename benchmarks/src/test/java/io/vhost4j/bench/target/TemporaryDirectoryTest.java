package io.vhost4j.bench.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemporaryDirectoryTest {
  @Test
  void twoMayDeleteADirectoryAtTheSameTime(@TempDir Path directory) throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      for (int round = 0; round < 100; round++) {
        Path path = Files.createDirectory(directory.resolve("round" + round));
        for (int i = 0; i < 20; i++) {
          Files.createFile(Files.createDirectory(path.resolve("d" + i)).resolve("file"));
        }
        CompletableFuture<Void> deleted =
            CompletableFuture.runAsync(() -> TemporaryDirectory.delete(path), other);
        TemporaryDirectory.delete(path);
        deleted.join();
        assertThat(path).doesNotExist();
      }
    } finally {
      other.shutdown();
    }
  }
}
