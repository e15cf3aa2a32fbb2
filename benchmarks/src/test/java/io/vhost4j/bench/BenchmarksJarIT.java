package io.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.bench.report.Summary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The jar as it is built, and each mode against the daemon as it is packaged, two at a time. */
@Execution(ExecutionMode.CONCURRENT)
class BenchmarksJarIT {
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin/java").toString();
  private static final String JAR = System.getProperty("vhost4j.benchmarks", "");

  /** Runs a mode in this JVM, which saves the start of one. */
  private static String run(String... arguments) {
    ProgramRun run = ProgramRun.of(arguments);
    assertThat(run.status()).as(run.err()).isZero();
    return run.out();
  }

  /** Another daemon to compare with: ours, started as any other is. */
  private static String peer() {
    Path root = Path.of(JAR).resolve("../../..").toAbsolutePath().normalize();
    return "'%s' --socket {socket} --backend null --pacing none"
        .formatted(root.resolve("daemons/target/vhost4j/bin/vhost-device-sound"));
  }

  @Test
  void thePackagedDaemonIsMeasuredInAProcessOfItsOwn() {
    String output = run("latency", "--quick", "--payload", "1920", "--rate", "0");

    assertThat(output.lines())
        .anyMatch(line -> line.startsWith("floor"))
        .anyMatch(line -> line.startsWith("vhost4j  "))
        .anyMatch(line -> line.startsWith("vhost4j --backend file "));
  }

  @Test
  void throughputStandsBesideThatOfAPeer() {
    String output = run("throughput", "--quick", "--window", "16", "--peer", peer());

    assertThat(output.lines())
        .anyMatch(line -> line.matches("vhost4j +1920 +16( +[0-9.()]+)+"))
        .anyMatch(line -> line.matches("vhost-device-sound +1920 +16 .* 1\\.00"));
  }

  @Test
  void anIdleDaemonIsLookedAtOnEachJava() {
    String output = run("footprint", "--quick");

    assertThat(output.lines())
        .hasSizeGreaterThanOrEqualTo(2)
        .anyMatch(
            line ->
                line.matches("vhost4j on Java " + Runtime.version().feature() + "( +[0-9.()]+)+"));
  }

  @Test
  void collectionsOfTheDaemonAreCounted() {
    String output = run("gc", "--quick");

    assertThat(output.lines()).anyMatch(line -> line.matches("vhost4j( +[0-9.]+){4}"));
  }

  private static String runJar(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(JAVA, "-jar", JAR));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  void aReportIsAPageWithEveryMeasurementAndNothingFromOutside(@TempDir Path directory)
      throws Exception {
    Path summary = directory.resolve("RESULTS.md");
    Files.writeString(summary, Summary.QUICK + " old figures\n\n## Notes\n\nKept.\n");

    String output =
        runJar(
            "report",
            "--quick",
            "--peer",
            peer(),
            "--gc-minutes",
            "0.01",
            "--output",
            directory.toString(),
            "--markdown",
            summary.toString());

    assertThat(output).contains("exec to READY", directory + "/report.html");
    assertThat(Files.readString(directory.resolve("report.html")))
        .contains("Goals", "Latency, processors", "Throughput", "Scale", "Footprint", "quick run")
        .contains("Allocation", "Device.buffer", "collections")
        .contains("<path class=\"line s1\" d=\"M", "<path class=\"line s2\" d=\"M")
        .doesNotContain("http://", "https://", "NaN", "Infinity");
    assertThat(Files.readString(directory.resolve("report.json")))
        .contains("\"cpuMillisPerStreamSecond\"", "\"startMillis\"", "\"perSecond\"");
    assertThat(Files.readString(summary))
        .contains(
            "| throughput of 1920 bytes, window 16, processors: apart | at least 1.5 times the")
        .contains("](results.svg)")
        .endsWith("\n## Notes\n\nKept.\n")
        .doesNotContain("old figures");
    assertThat(directory.resolve("results.svg")).content().startsWith("<svg ").contains("line s2");
  }

  @Test
  @EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
  void aLinuxGuestPlaysToOurDaemonAndToTheCardOfQemu() {
    String output = run("guest", "--quick");

    assertThat(output.lines())
        .anyMatch(line -> line.matches("QEMU \\+ vhost4j +none( +[0-9.()]+)+"))
        .anyMatch(line -> line.matches("QEMU \\+ vhost4j +device( +[0-9.()]+)+"))
        .anyMatch(line -> line.matches("QEMU alone +device( +[0-9.()]+)+"));
  }

  @Test
  @EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
  void aGuestThatIsItsOwnHostStandsBesideOneWithDaemonsOutside() {
    String output = run("loopback", "--quick", "--machine", "uml");

    for (String way : List.of("vhost-user", "loopback\\+daemon", "loopback alone")) {
      for (String load : List.of("entropy +64", "period +1920", "chunk +15360", "block +61440")) {
        assertThat(output.lines())
            .anyMatch(line -> line.matches("UML " + way + " +" + load + "( +[0-9.()]+)+"));
      }
      assertThat(output.lines())
          .anyMatch(line -> line.matches("UML " + way + " +-?[0-9.]+( \\(.*\\))? +(-|-?[0-9.]+)"));
    }
    assertThat(output.replaceAll("\\s+", " ")).contains("no hardware virtualisation here");
  }

  @Test
  void requestsToEachDeviceAreTimed() {
    String output = run("requests", "--quick", "--machine", "here", "--no-peer");

    for (String request : List.of("gpio read, 1", "i2c read, 16", "can frame, 8")) {
      assertThat(output.lines())
          .anyMatch(line -> line.matches("floor .* here +" + request + "( +[0-9.()]+)+"))
          .anyMatch(line -> line.matches("vhost4j +here +" + request + "( +[0-9.()]+)+"));
    }
  }

  /** Beside the native daemon where that can be installed. */
  @Test
  @EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
  void requestsAreTimedOnHardwareOfAnotherKernel(@TempDir Path directory) throws Exception {
    Path json = directory.resolve("requests.json");

    String output =
        run(
            "requests",
            "--quick",
            "--machine",
            "uml",
            "--device",
            "can",
            "--json",
            json.toString());

    assertThat(output.lines())
        .anyMatch(line -> line.matches("vhost4j +UML +can frame, 8( +[0-9.()]+)+( +-)*"));
    assertThat(output.replaceAll("\\s+", " ")).contains("on the same hardware");
    assertThat(Files.readString(json)).contains("\"machine\" : \"UML\"", "\"toFloor\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"driver", "device"})
  void streamsArePlayedWhoeverKeepsTime(String pace) {
    String output = run("scale", "--quick", "--pace", pace, "--streams", "1,6", "--devices", "4");

    assertThat(output.lines())
        .anyMatch(line -> line.matches("vhost4j +" + pace + " +1 +1 +1 .*"))
        .anyMatch(line -> line.matches("vhost4j +" + pace + " +6 +4 +1 .*"))
        .anyMatch(line -> line.matches("vhost4j (holds all|breaks at).*"));
  }

  @Test
  void anotherDaemonHasAProcessForEachStream() {
    String output = run("scale", "--quick", "--exec", peer(), "--streams", "2");

    assertThat(output.lines())
        .anyMatch(line -> line.matches("vhost-device-sound +driver +2 +2 +2 .*"));
  }
}
