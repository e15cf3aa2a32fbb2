package io.vhost4j.loopback;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * The kernel module's own tests, which are in C and run in guests: {@code
 * loopback-adapter/driver/selftests}.
 */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 1800, threadMode = ThreadMode.SEPARATE_THREAD)
class DriverSelftestIT {
  /** The directory of this module. */
  private static final Path MODULE =
      Path.of(System.getProperty("vhost4j.scripts")).resolveSibling("loopback-adapter");

  @Test
  void passInAKernelThatComplainsOfMistakes() throws Exception {
    assertPass("--kernel", "debug");
  }

  @Test
  void passInTheKernelOfADistribution() throws Exception {
    assertPass("--kernel", "6.12", "--fuzz", "20", "--cycles", "5");
  }

  /** The oldest kernel that is served; it has no driver for a sound card to try it with. */
  @Test
  void compilesWithoutWarningForTheOldestKernel() throws Exception {
    assertPass("--kernel", "6.1", "--compile");
  }

  private static void assertPass(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(MODULE.resolve("driver/selftests/guest.sh").toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> lines = new ArrayList<>();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        System.out.println(line);
        lines.add(line);
      }
    } finally {
      process.destroy();
    }
    int status = process.waitFor();
    assertThat(failures(lines)).as("what the tests that failed say").isEmpty();
    List<String> last = lines.subList(Math.max(0, lines.size() - 20), lines.size());
    assertThat(status).as("status of %s, which said at last %s", command, last).isZero();
  }

  /** The lines of tests that failed, each with those before it, which say why. */
  private static List<String> failures(List<String> lines) {
    return IntStream.range(0, lines.size())
        .filter(line -> lines.get(line).startsWith("FAILED"))
        .mapToObj(line -> String.join("\n", lines.subList(Math.max(0, line - 5), line + 1)))
        .toList();
  }
}
