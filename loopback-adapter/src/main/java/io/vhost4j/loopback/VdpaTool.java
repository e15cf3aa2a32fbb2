package io.vhost4j.loopback;

import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The program {@code vdpa} of iproute2, which puts devices of VDUSE on the bus. */
final class VdpaTool {
  private static final Path NOWHERE = Path.of("/dev/null");

  private VdpaTool() {}

  /**
   * Runs it to its end.
   *
   * @return fails with a {@link LoopbackException} that has the program's own words
   */
  static Future<Void> run(ContextInternal context, String... arguments) {
    List<String> command = new ArrayList<>(List.of(program()));
    command.addAll(List.of(arguments));
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(NOWHERE.toFile())
              .start();
    } catch (IOException e) {
      return Future.failedFuture(
          new LoopbackException(
              "the program vdpa cannot be run (%s): install iproute2".formatted(e.getMessage()),
              false));
    }
    return Future.fromCompletionStage(process.onExit(), context)
        .compose(
            ended ->
                ended.exitValue() == 0
                    ? Future.succeededFuture()
                    : Future.failedFuture(
                        new LoopbackException(
                            "'vdpa %s' says: %s"
                                .formatted(String.join(" ", arguments), said(ended)),
                            true)));
  }

  /** Where administrators' programs are, which a user's PATH may leave out. */
  private static String program() {
    return Stream.of("/usr/sbin/vdpa", "/sbin/vdpa")
        .filter(path -> Files.isExecutable(Path.of(path)))
        .findFirst()
        .orElse("vdpa");
  }

  private static String said(Process ended) {
    try {
      String text = new String(ended.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return text.strip().replaceAll("\\s*\n\\s*", "; ");
    } catch (IOException e) {
      return "nothing";
    }
  }
}
