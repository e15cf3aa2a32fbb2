package io.vhost4j.bench;

import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The daemons to compare with. */
final class Peers {
  private Peers() {}

  /**
   * Has the script {@code peers.sh} install the native sound daemon.
   *
   * @return the command that starts it, null if it cannot be had here; the script has said why
   */
  static @Nullable String installSound() throws BenchException {
    String program = install("sound");
    return program == null
        ? null
        : "'%s' --socket %s --backend null".formatted(program, ProcessTarget.PLACEHOLDER);
  }

  /**
   * Has the script {@code peers.sh} install a native daemon.
   *
   * @param device what it is called after
   * @return the program, null if it cannot be had here; the script has said why
   */
  static @Nullable String install(String device) throws BenchException {
    String program =
        Installation.outputOf(
            Map.of(), Installation.file("benchmarks/peers.sh").toString(), device);
    return program.isEmpty() ? null : program;
  }

  /**
   * What a daemon of ours and the peer say that they are, in a line each.
   *
   * @param program name of ours
   */
  static Map<String, String> versions(String program, @Nullable String peer) throws BenchException {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("vhost4j", firstLine(Installation.daemonSays(program, "--version")));
    if (peer != null) {
      String command = peer.strip().split("\\s+", 2)[0];
      versions.put(
          "peer", firstLine(Installation.outputOf(Map.of(), "sh", "-c", command + " --version")));
    }
    return versions;
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("unknown");
  }
}
