package io.vhost4j.bench.measure;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.json.jackson.DatabindCodec;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.TemporaryDirectory;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * Runs this program in a user-mode Linux whose kernel simulates hardware that this machine need not
 * have: two GPIO chips, {@code $GPIO0} and {@code $GPIO1}, which are their numbers for the guest's
 * shell, the I2C bus {@code hostbus I2C} with a chip at 0x1c, and the CAN interfaces {@code vcan0}
 * and {@code vcan1}.
 */
public final class HardwareGuest {
  private final List<String> commands = new ArrayList<>();

  /**
   * Has one more thing measured.
   *
   * @param arguments for this program, as the guest's shell is to read them; with {@code --json}
   *     behind them
   */
  public void add(String arguments) {
    commands.add(arguments);
  }

  /** Boots the guest and has all measured, each with what it has measured of latency. */
  public List<List<LatencyResult>> run() throws BenchException {
    try (TemporaryDirectory directory = new TemporaryDirectory()) {
      Path script = directory.resolve("script");
      Path share = Files.createDirectory(directory.resolve("share"));
      Path said = directory.resolve("said");
      String module =
          Installation.outputOf(
              Map.of(),
              Installation.file("scripts/kernel-module.sh").toString(),
              "plain",
              Installation.file("loopback-adapter/driver/selftests/hostbus").toString());
      Files.copy(Path.of(module), share.resolve("hostbus.ko"));
      Files.writeString(script, script(share));
      Process boot =
          new ProcessBuilder(
                  Installation.file("scripts/uml/boot.sh").toString(),
                  "--run",
                  script.toString(),
                  "--share",
                  share.toString(),
                  "--memory",
                  "1536",
                  "--cpus",
                  "2",
                  "--timeout",
                  "900")
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
      try {
        if (boot.waitFor() != 0) {
          throw new BenchException(
              "nothing could be measured in user-mode Linux: "
                  + Files.readString(said).strip().lines().collect(Collectors.joining(" / ")));
        }
      } finally {
        boot.destroy();
      }
      List<List<LatencyResult>> results = new ArrayList<>();
      for (int i = 0; i < commands.size(); i++) {
        results.add(results(share.resolve(i + ".json")));
      }
      return results;
    } catch (IOException e) {
      throw new BenchException("user-mode Linux cannot be booted: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  private static List<LatencyResult> results(Path file) throws IOException {
    JsonArray latency = new JsonObject(Files.readString(file)).getJsonArray("latency");
    return Arrays.asList(DatabindCodec.mapper().readValue(latency.encode(), LatencyResult[].class));
  }

  private String script(Path share) throws IOException {
    StringBuilder text = new StringBuilder();
    try (InputStream prelude =
        Objects.requireNonNull(HardwareGuest.class.getResourceAsStream("hardware.sh"))) {
      text.append(
          new String(prelude.readAllBytes(), StandardCharsets.UTF_8)
              .replace("'JAVA'", "'" + System.getProperty("java.home") + "'")
              .replace("'CLASSES'", "'" + classPath() + "'"));
    }
    for (int i = 0; i < commands.size(); i++) {
      text.append("bench %s --json '%s/%d.json'%n".formatted(commands.get(i), share, i));
    }
    return text.toString();
  }

  /** That of this program, wherever it is started. */
  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }
}
