package io.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import io.vhost4j.bench.report.Summary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every mode, for a moment each, against our device in this JVM. */
class ModesTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path directory;

  @Test
  void latencyComparesTheDeviceWithTheFloorForEachLoopAndPayload() throws IOException {
    Path json = directory.resolve("latency.json");

    ProgramRun run =
        ProgramRun.of(
            "latency", "--quick", "--embedded", "--payload", "5,64", "--json", json.toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(rows(run, "floor")).hasSize(2).anyMatch(row -> row.matches(".* closed +any .*"));
    assertThat(rows(run, "vhost4j embedded"))
        .hasSize(4)
        .anyMatch(row -> row.matches(".* 1000/s +64 .*"))
        .allMatch(row -> row.matches(".*( +[0-9.()]+){4}") && !row.contains(" 0 "));
    assertThat(run.out()).startsWith(Summary.QUICK);
    JsonObject results = new JsonObject(Files.readString(json));
    assertThat(results.getBoolean("quick")).isTrue();
    assertThat(results.getJsonObject("load").getInteger("looks")).isEqualTo(16);
    assertThat(results.getJsonArray("latency")).hasSize(8);
    JsonObject last = results.getJsonArray("latency").getJsonObject(7);
    assertThat(last.getString("loop")).isEqualTo("1000/s");
    assertThat(last.getJsonObject("toFloor").getJsonObject("p99").getJsonArray("rounds"))
        .hasSize(2);
  }

  /** As a driver sends them, and the device says that it has done what was asked. */
  @ParameterizedTest
  @CsvSource({"gpio, 1", "i2c, 16", "can, 8"})
  void otherDevicesAnswerRequests(String device, String payload) {
    for (String mode : List.of("latency", "throughput")) {
      ProgramRun run = ProgramRun.of(mode, "--quick", "--embedded", "--device", device);

      assertThat(run.err()).isEmpty();
      assertThat(run.status()).isZero();
      assertThat(rows(run, "vhost4j embedded"))
          .isNotEmpty()
          .allMatch(row -> row.matches(".* " + payload + " .*"));
    }
  }

  @Test
  void theLoadOfTheMachineAndTheOrderOfTheSubjectsAreTold() {
    ProgramRun run =
        ProgramRun.of(
            "throughput",
            "--quick",
            "--embedded",
            "--window",
            "1",
            "--seed",
            "42",
            "--rounds",
            "3");

    assertThat(run.out())
        .contains("--seed 42")
        .containsPattern(
            "Load average before [0-9. ]+, after [0-9. ]+; other tasks running before:")
        .contains("at 4 looks between turns");
  }

  @Test
  void throughputCountsBuffersForEachWindow() throws IOException {
    Path json = directory.resolve("throughput.json");

    ProgramRun run =
        ProgramRun.of(
            "throughput", "--quick", "--embedded", "--window", "1,64", "--json", json.toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(rows(run, "vhost4j embedded"))
        .isNotEmpty()
        .allMatch(row -> row.matches(".* 1920 .*"));
    assertThat(Files.readString(json)).contains("\"window\" : 64");
  }

  /** Of the table, or of its first columns where not all fit beside each other. */
  private static List<String> rows(ProgramRun run, String subject) {
    return run.out().split("\n\n", 2)[0].lines().filter(line -> line.startsWith(subject)).toList();
  }
}
