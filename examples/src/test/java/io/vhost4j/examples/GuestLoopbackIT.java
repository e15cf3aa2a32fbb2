package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The demo of virtio without a hypervisor, as a user sees it: two cards of one adapter in a machine
 * with the kernel of Debian.
 */
@DriverTest(
    device = "sound",
    driver = "virtio_snd",
    kernel = "Linux 6.12, QEMU",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class GuestLoopbackIT {
  private static final Path SCRIPTS = Path.of(System.getProperty("vhost4j.scripts", "?"));
  private static final Path ADAPTER =
      Path.of(System.getProperty("vhost4j.daemon", "?")).resolveSibling("virtio-loopback-adapter");

  @TempDir Path directory;

  @Test
  void twoCardsPlayTwoTunesAtOnceAndRecordAsTheReadmeShows() throws Exception {
    Path temporary = Files.createDirectory(directory.resolve("tmp"));
    List<String> command =
        ProgramRun.java(
            temporary,
            LoopbackDemo.class,
            SCRIPTS.resolve("guest/boot.sh").toString(),
            module(),
            ADAPTER.toString(),
            directory.resolve("demo-loopback-0.wav").toString(),
            directory.resolve("demo-loopback-1.wav").toString());
    try (ProgramRun demo = ProgramRun.start(directory, Map.of(), command)) {
      assertThat(demo.status()).as("%s%s", demo.out(), demo.err()).isZero();
      assertThat(Readme.withoutNumbers(demo.out()))
          .isEqualTo(Readme.withoutNumbers(Readme.block("Debian boots under QEMU")));
      assertThat(demo.err()).isEmpty();
    }
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left.filter(file -> !file.getFileName().toString().startsWith("hsperfdata")))
          .isEmpty();
    }
  }

  private static String module() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(SCRIPTS.resolve("kernel-module.sh").toString(), "6.12")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String path = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return path.strip();
  }
}
