package io.vhost4j.bench.micro;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.bench.measure.DeviceSubject;
import io.vhost4j.bench.measure.RoundTrip;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.EmbeddedTarget;
import io.vhost4j.bench.workload.SoundOutput;
import io.vhost4j.bench.workload.Workload;
import io.vhost4j.event.NativeTransport;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The whole way of a buffer through the sound device: kick, event loop, queue, stream, null
 * backend, and back. Device and driver share the JVM, so that what both allocate is seen.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class DeviceBenchmark {
  private static final int QUEUE_SIZE = 64;

  private @Nullable RoundTrip roundTrip;

  /**
   * Nothing is closed at the end but by the end of the JVM: what that allocates would count for the
   * last iteration.
   */
  @Setup
  public void open() throws BenchException {
    Vertx vertx =
        NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1).setUseDaemonThread(true));
    Workload workload = new SoundOutput();
    DeviceSubject subject =
        DeviceSubject.open(
            NativeTransport.newLoop(vertx),
            new EmbeddedTarget(workload.open()),
            workload,
            QUEUE_SIZE);
    Runtime.getRuntime().addShutdownHook(new Thread(subject::close));
    roundTrip = subject.roundTrip(workload.usualPayload());
  }

  /** One buffer of 10 ms. */
  @Benchmark
  public void buffer() throws BenchException {
    Objects.requireNonNull(roundTrip).run();
  }
}
