package io.vhost4j.bench.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ProcessTargetTest {
  @Test
  void whatAProcessWritesIsEmptiedBetweenTurnsAndGoneAtTheEnd() throws Exception {
    ProcessTarget target =
        new ProcessTarget(
            "writer", "sh -c 'echo sound >{directory}/played; echo x >{socket}; exec sleep 600'");
    Path socket = target.socket();
    Path played = Objects.requireNonNull(socket.getParent()).resolve("files/played");
    try {
      target.awaitSocket();
      assertThat(played).hasContent("sound");

      target.rest();

      assertThat(played).isEmptyFile();
      assertThat(socket).hasContent("x");
    } finally {
      target.close();
    }
    assertThat(Files.exists(played)).isFalse();
  }
}
