package io.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The jar as it is built, against the daemon as it is packaged. */
class BenchmarksJarIT {
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin/java").toString();
  private static final String JAR = System.getProperty("vhost4j.benchmarks", "");

  private static String run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(JAVA, "-jar", JAR));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  void thePackagedDaemonIsMeasuredInAProcessOfItsOwn() throws Exception {
    String output = run("latency", "--quick", "--payload", "1920", "--rate", "0");

    assertThat(output.lines())
        .hasSize(3)
        .anyMatch(line -> line.startsWith("floor"))
        .anyMatch(line -> line.startsWith("vhost4j "));
  }

  @Test
  void anIdleDaemonIsLookedAt() throws Exception {
    String output = run("footprint", "--quick");

    assertThat(output.lines()).hasSize(2).anyMatch(line -> line.matches("vhost4j( +[0-9.]+){5}"));
  }

  @Test
  void aReportIsAPageWithEveryMeasurementAndNothingFromOutside(@TempDir Path directory)
      throws Exception {
    String output = run("report", "--quick", "--no-peer", "--output", directory.toString());

    assertThat(output).contains("exec to READY", directory + "/report.html");
    assertThat(Files.readString(directory.resolve("report.html")))
        .contains("Goals", "Latency, processors", "Throughput", "Scale", "Footprint", "quick run")
        .contains("<path class=\"line s1\" d=\"M")
        .doesNotContain("http://", "https://", "NaN", "Infinity");
    assertThat(Files.readString(directory.resolve("report.json")))
        .contains("\"cpuMillisPerStreamSecond\"", "\"startMillis\"", "\"perSecond\"");
  }

  @Test
  @EnabledIfEnvironmentVariable(named = "VHOST4J_GUEST", matches = ".+")
  void aLinuxGuestPlaysToOurDaemonAndToTheCardOfQemu() throws Exception {
    String output = run("guest", "--quick");

    assertThat(output.lines())
        .anyMatch(line -> line.matches("QEMU \\+ vhost4j +none( +[0-9.]+){6}"))
        .anyMatch(line -> line.matches("QEMU \\+ vhost4j +real time( +[0-9.]+){6}"))
        .anyMatch(line -> line.matches("QEMU alone +real time( +[0-9.]+){6}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"driver", "device"})
  void streamsArePlayedWhoeverKeepsTime(String pace) throws Exception {
    String output = run("scale", "--quick", "--pace", pace, "--streams", "1,6", "--devices", "4");

    assertThat(output.lines())
        .anyMatch(line -> line.matches("vhost4j +" + pace + " +1 +1 +1 .*"))
        .anyMatch(line -> line.matches("vhost4j +" + pace + " +6 +4 +1 .*"))
        .anyMatch(line -> line.matches("vhost4j (holds all|breaks at).*"));
  }
}
