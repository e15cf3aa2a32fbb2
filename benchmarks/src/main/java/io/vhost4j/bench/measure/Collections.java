package io.vhost4j.bench.measure;

import io.vertx.core.Context;
import io.vhost4j.bench.BenchException;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.target.TemporaryDirectory;
import io.vhost4j.bench.workload.SoundOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Keeps our packaged daemon busy and counts its garbage collections, as its JVM logs them with
 * {@code -Xlog:gc}. The load is the heaviest there is: 16 buffers of 1920 bytes under way all the
 * time, so that a byte allocated for each would fill the small heap every few seconds.
 */
public final class Collections {
  private static final int WINDOW = 16;
  private static final int QUEUE_SIZE = 64;
  private static final long TURN_NANOS = 500_000_000;

  private Collections() {}

  /**
   * Measures.
   *
   * @param warmUpNanos of the same load before it counts
   * @param nanos that it counts for
   */
  public static CollectionsResult measure(
      Context context, long warmUpNanos, long nanos, Steps steps) throws BenchException {
    try (TemporaryDirectory directory = new TemporaryDirectory()) {
      Path log = directory.resolve("gc");
      ProcessTarget daemon =
          Installation.soundDaemon(
              "vhost4j",
              "--backend null --pacing none",
              Map.of("VHOST4J_OPTS", "-Xlog:gc:file=" + log));
      try (DeviceSubject subject =
          DeviceSubject.open(context, daemon, new SoundOutput(), QUEUE_SIZE)) {
        Flow unused = load(subject, warmUpNanos, steps);
        long before = collections(log);
        Flow flow = load(subject, nanos, steps);
        return new CollectionsResult(
            subject.name(), flow.nanos() / 1e9, flow.buffers(), before, collections(log) - before);
      }
    }
  }

  private static Flow load(DeviceSubject subject, long nanos, Steps steps) throws BenchException {
    long buffers = 0;
    long done = 0;
    while (done < nanos) {
      Flow turn =
          subject.flow(SoundOutput.PERIOD_BYTES, WINDOW, Math.min(TURN_NANOS, nanos - done));
      buffers += turn.buffers();
      done += turn.nanos();
      steps.passed(turn.nanos());
    }
    return new Flow(buffers, done, 0, 0);
  }

  private static long collections(Path log) throws BenchException {
    try (var lines = Files.lines(log)) {
      return lines.filter(line -> line.contains("Pause")).count();
    } catch (IOException e) {
      throw new BenchException(
          "the daemon's JVM does not log its collections: " + e.getMessage(), e);
    }
  }
}
