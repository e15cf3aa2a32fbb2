package io.vhost4j.bench;

import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The daemons to compare with. */
final class Peers {
  private Peers() {}

  /**
   * Has the script {@code peers.sh} install what can be had.
   *
   * @return the command that starts it, null if it cannot be had here; the script has said why
   */
  static @Nullable String install() throws BenchException {
    String program = outputOf(List.of(Installation.file("benchmarks/peers.sh").toString()));
    return program.isEmpty()
        ? null
        : "'%s' --socket %s --backend null".formatted(program, ProcessTarget.PLACEHOLDER);
  }

  /** What our daemon and the peer say that they are. */
  static Map<String, String> versions(@Nullable String peer) throws BenchException {
    Map<String, String> versions = new LinkedHashMap<>();
    String daemon = Installation.soundDaemonCommand().split(" --socket", 2)[0];
    versions.put("vhost4j", outputOf(List.of("sh", "-c", daemon + " --version")));
    if (peer != null) {
      String program = peer.strip().split("\\s+", 2)[0];
      versions.put("peer", outputOf(List.of("sh", "-c", program + " --version")));
    }
    return versions;
  }

  private static String outputOf(List<String> command) throws BenchException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectError(Redirect.INHERIT)
              .redirectInput(Redirect.from(new java.io.File("/dev/null")))
              .start();
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return process.waitFor() == 0 ? text : "";
    } catch (IOException e) {
      throw new BenchException("cannot run %s: %s".formatted(command, e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }
}
