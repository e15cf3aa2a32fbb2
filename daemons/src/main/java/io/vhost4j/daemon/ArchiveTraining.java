package io.vhost4j.daemon;

import io.vhost4j.device.DeviceTraining;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * What {@code --make-archive} runs to learn which classes belong into the class archive: for each
 * kind of device that has a {@link DeviceTraining} a life of the daemon as guests see it, with all
 * that a start and the first buffers need.
 */
public final class ArchiveTraining {
  private ArchiveTraining() {}

  /** Ends the JVM when done. */
  public static void main(String[] args) throws Exception {
    for (DeviceTraining training : ServiceLoader.load(DeviceTraining.class)) {
      train(training);
    }
    System.exit(0);
  }

  private static void train(DeviceTraining training) throws Exception {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    String program = "vhost-device-" + training.device();
    DeviceDaemon.run(program, new String[] {"--help"}, nowhere, nowhere);
    Path directory = Files.createTempDirectory("vhost4j");
    try {
      List<Path> sockets = new ArrayList<>();
      List<String> line = new ArrayList<>(List.of("--log-level=info"));
      for (Map<String, String> values : training.devices(directory)) {
        Path socket = directory.resolve(sockets.size() + ".sock");
        sockets.add(socket);
        line.add("--socket=" + socket);
        values.forEach((name, value) -> line.add("--" + name + "=" + value));
      }
      DaemonCommandLine.Request request =
          new DaemonCommandLine(program, DeviceProviders.named(training.device()))
              .parse(line.toArray(String[]::new));
      DaemonOptions options = ((DaemonCommandLine.Request.Serve) request).options();
      LogConfigurator.apply(options.logLevel());
      DaemonService service = new DaemonService(program, options);
      try {
        service.start();
        for (Path socket : sockets) {
          training.run(socket);
        }
      } finally {
        service.stop();
      }
    } finally {
      delete(directory);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
