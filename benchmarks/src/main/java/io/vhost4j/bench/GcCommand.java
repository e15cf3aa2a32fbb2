package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.GarbageCollections;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.workload.SoundOutput;
import io.vhost4j.event.NativeTransport;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Counts garbage collections. */
@Command(
    name = "gc",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Keeps our packaged daemon as busy as it can be, 16 buffers under way at a time, and counts"
            + " the garbage collections that its JVM logs (-Xlog:gc).")
final class GcCommand implements Callable<Integer> {
  private static final double MINUTE = 60e9;
  private static final long WARM_UP_NANOS = 20_000_000_000L;
  private static final long QUICK_NANOS = 500_000_000;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--minutes",
      paramLabel = "M",
      defaultValue = "10",
      description = "How long to count, after 20 s of the same (default: ${DEFAULT-VALUE}).")
  private double minutes = 10;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws Exception {
    if (!(minutes > 0)) {
      throw new ParameterException(
          spec.commandLine(), "--minutes=%s: give more than 0".formatted(minutes));
    }
    Vertx vertx = Bench.newLoop();
    try (Progress progress = new Progress("gc", nanos(minutes, output.quick()))) {
      CollectionsResult result =
          measure(NativeTransport.newLoop(vertx), minutes, output.quick(), progress);
      output.show(Tables.collections(result), Map.of("collections", result));
    } finally {
      vertx.close().await();
    }
    return CommandLine.ExitCode.OK;
  }

  /** How long it will take. */
  static long nanos(double minutes, boolean quick) {
    return quick ? 2 * QUICK_NANOS : WARM_UP_NANOS + (long) (minutes * MINUTE);
  }

  /** Measures for so many minutes, or quickly. */
  static CollectionsResult measure(
      Context context, double minutes, boolean quick, LongConsumer passed) throws BenchException {
    long warmUp = quick ? QUICK_NANOS : WARM_UP_NANOS;
    long nanos = nanos(minutes, quick) - warmUp;
    return GarbageCollections.measure(context, new SoundOutput(), warmUp, nanos, passed);
  }
}
