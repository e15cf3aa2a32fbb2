package io.vhost4j.bench;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.micro.DeviceBenchmark;
import io.vhost4j.bench.target.BenchException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.openjdk.jmh.Main;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Runs the microbenchmarks. */
@Command(
    name = "jmh",
    description =
        "Runs the JMH microbenchmarks of rings, chains and codecs; options are JMH's own (jmh -h)."
            + " Without any: all of them, with what they allocate (-prof gc).")
final class JmhCommand implements Callable<Integer> {
  private static final String ALLOCATED = "gc.alloc.rate.norm";
  private static final TimeValue TURN = TimeValue.milliseconds(500);
  private static final TimeValue QUICK_TURN = TimeValue.milliseconds(50);

  /** What a benchmark takes besides its turns: the start of a JVM, and a collection. */
  private static final long START_NANOS = 1_500_000_000;

  private static final int TURNS = 2;

  /** Number of benchmarks with all their parameters, for the progress bar only. */
  private static final int BENCHMARKS = 16;

  @Unmatched private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() throws Exception {
    List<String> all = arguments.isEmpty() ? List.of("-prof", "gc") : arguments;
    Main.main(all.toArray(String[]::new));
    return CommandLine.ExitCode.OK;
  }

  /**
   * Runs the microbenchmarks, with fewer and shorter turns than JMH's default, for what they
   * allocate.
   *
   * @param quick only that of the whole way of a buffer
   */
  static List<AllocationResult> measure(boolean quick, LongConsumer passed) throws BenchException {
    TimeValue turn = quick ? QUICK_TURN : TURN;
    Options options =
        new OptionsBuilder()
            .include(quick ? DeviceBenchmark.class.getSimpleName() : ".*")
            .addProfiler(GCProfiler.class)
            .forks(1)
            .warmupIterations(TURNS)
            .warmupTime(turn)
            .measurementIterations(TURNS)
            .measurementTime(turn)
            .build();
    try {
      return new Runner(options, silent(() -> passed.accept(nanosOfEach(quick))))
          .run().stream().map(JmhCommand::result).toList();
    } catch (RunnerException e) {
      throw new BenchException("the microbenchmarks cannot be run: " + e.getMessage(), e);
    }
  }

  /** How long they will take. */
  static long nanos(boolean quick) {
    return nanosOfEach(quick) * (quick ? 1 : BENCHMARKS);
  }

  private static long nanosOfEach(boolean quick) {
    return START_NANOS + 2 * TURNS * (quick ? QUICK_TURN : TURN).convertTo(TimeUnit.NANOSECONDS);
  }

  /** Prints nothing, and tells of each benchmark that has ended. */
  private static OutputFormat silent(Runnable ended) {
    return (OutputFormat)
        Proxy.newProxyInstance(
            OutputFormat.class.getClassLoader(),
            new Class<?>[] {OutputFormat.class},
            (proxy, method, values) -> {
              if (method.getName().equals("endBenchmark")) {
                ended.run();
              }
              return null;
            });
  }

  private static AllocationResult result(RunResult run) {
    BenchmarkParams params = run.getParams();
    String[] words = params.getBenchmark().split("\\.", -1);
    String name = words[words.length - 2].replace("Benchmark", "") + "." + words[words.length - 1];
    String values =
        params.getParamsKeys().stream()
            .map(key -> " " + key + "=" + params.getParam(key))
            .collect(Collectors.joining());
    Result<?> allocated = Objects.requireNonNull(run.getSecondaryResults().get(ALLOCATED));
    return new AllocationResult(
        name + values, run.getPrimaryResult().getScore(), allocated.getScore());
  }
}
