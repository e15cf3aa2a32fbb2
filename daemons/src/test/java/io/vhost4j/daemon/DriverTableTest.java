package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.testkit.DriverTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The table that {@code ./run test} makes of {@link DriverTest}: what is to be in it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DriverTableTest {
  private static final Path SCRIPTS = Path.of("../scripts");

  private final List<String> rows = new ArrayList<>();

  @BeforeAll
  void readTheSources() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(SCRIPTS.resolve("TestReport.java").toString());
    command.add("--drivers");
    try (Stream<Path> sources = Files.list(Path.of("src/test/java/io/vhost4j/daemon"))) {
      sources.map(Path::toString).forEach(command::add);
    }
    Process report = new ProcessBuilder(command).redirectErrorStream(true).start();
    rows.addAll(report.inputReader().lines().toList());
    assertThat(report.waitFor()).as("nothing has run, and the table says %s", rows).isEqualTo(1);
  }

  @Test
  void eachDeviceIsRunUnderItsDriverByEachTransport() throws Exception {
    for (VirtioDeviceProvider provider : DeviceProviders.all()) {
      for (String transport : List.of("vhost-user", "loopback")) {
        assertThat(rows).anyMatch(row -> row.matches(provider.name() + " .* " + transport + " .*"));
      }
    }
  }

  @Test
  void theVersionIsThatOfTheKernelThatIsBooted() throws Exception {
    String version =
        Files.readAllLines(SCRIPTS.resolve("uml/kernel.sh")).stream()
            .filter(line -> line.startsWith("version="))
            .map(line -> line.replace("version=", ""))
            .findFirst()
            .orElseThrow();
    assertThat(rows)
        .filteredOn(row -> row.contains("user-mode"))
        .isNotEmpty()
        .allMatch(row -> row.contains(" Linux " + version + ", user-mode "));
  }
}
