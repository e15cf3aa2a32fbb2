package io.vhost4j.bench.measure;

import io.vertx.core.Context;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.target.TemporaryDirectory;
import io.vhost4j.bench.workload.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Keeps our packaged daemon busy and counts its garbage collections, as its JVM logs them with
 * {@code -Xlog:gc}. The load is the heaviest there is: 16 buffers of a period under way all the
 * time, so that a byte allocated for each would fill the small heap every few seconds.
 */
public final class GarbageCollections {
  private static final int WINDOW = 16;
  private static final int QUEUE_SIZE = 64;
  private static final long TURN_NANOS = 500_000_000;

  private GarbageCollections() {}

  /**
   * Measures.
   *
   * @param warmUpNanos of the same load before it counts
   * @param nanos that it counts for
   */
  public static CollectionsResult measure(
      Context context, Workload workload, long warmUpNanos, long nanos, LongConsumer passed)
      throws BenchException {
    try (TemporaryDirectory directory = new TemporaryDirectory()) {
      Path log = directory.resolve("gc");
      ProcessTarget daemon =
          workload.startDaemon(
              "vhost4j",
              workload.setups().get(0).arguments(),
              Map.of("VHOST4J_OPTS", "-Xlog:gc:file=" + log));
      try (DeviceSubject subject = DeviceSubject.open(context, daemon, workload, QUEUE_SIZE)) {
        int bytes = workload.usualPayload();
        Flow unused = load(subject, bytes, warmUpNanos, passed);
        long before = collections(log);
        Flow flow = load(subject, bytes, nanos, passed);
        return new CollectionsResult(
            subject.name(), flow.nanos() / 1e9, flow.buffers(), before, collections(log) - before);
      }
    }
  }

  private static Flow load(DeviceSubject subject, int bytes, long nanos, LongConsumer passed)
      throws BenchException {
    long buffers = 0;
    long done = 0;
    while (done < nanos) {
      Flow turn = subject.flow(bytes, WINDOW, Math.min(TURN_NANOS, nanos - done));
      buffers += turn.buffers();
      done += turn.nanos();
      passed.accept(turn.nanos());
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
