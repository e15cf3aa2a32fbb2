package io.vhost4j.bench.micro;

import io.vhost4j.vhostuser.frontend.FrontendMemory;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Reading and writing 4 KiB of a chain that is cut into pieces. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ChainBenchmark {
  private static final int SIZE = 64;
  private static final int BYTES = 4096;
  private static final int GAP = 64;
  private static final long MEMORY = 1 << 20;

  /** Descriptors of each half of the chain, which do not touch each other in memory. */
  @Param({"1", "4"})
  public int pieces = 1;

  private final ByteBuffer copy = ByteBuffer.allocateDirect(BYTES);
  private @Nullable FrontendMemory memory;
  private @Nullable SplitVirtqueue device;
  private @Nullable DescriptorChain chain;

  @Setup
  public void prepare() throws IOException, VirtqueueException {
    FrontendMemory created = FrontendMemory.create(MEMORY);
    memory = created;
    long at = created.allocate(DriverQueue.bytesNeeded(SIZE, 0), BYTES);
    DriverQueue driver = DriverQueue.create(created.memory(), at, SIZE, 0, 0, 0);
    SplitVirtqueue queue = SplitVirtqueue.create(created.memory(), SIZE, driver.addresses(), 0, 0);
    device = queue;
    long[] addresses = new long[2 * pieces];
    int[] lengths = new int[2 * pieces];
    Arrays.setAll(addresses, i -> created.allocate(BYTES / pieces + GAP, GAP));
    Arrays.fill(lengths, BYTES / pieces);
    driver.add(addresses, lengths, pieces, pieces);
    driver.publish();
    chain = queue.next();
  }

  @TearDown
  public void release() {
    Objects.requireNonNull(device).close();
    Objects.requireNonNull(memory).close();
  }

  private DescriptorChain chain() {
    return Objects.requireNonNull(chain);
  }

  /** Copies the readable part out. */
  @Benchmark
  public ByteBuffer read() {
    var reader = chain().reader();
    reader.position(0);
    reader.read(copy.clear());
    return copy;
  }

  /** Goes over the readable part in the pieces that need no copying. */
  @Benchmark
  public int readInPlace() {
    var reader = chain().reader();
    reader.position(0);
    int runs = 0;
    while (reader.remaining() > 0) {
      ByteBuffer run = reader.contiguous();
      runs += run.get(run.position());
      reader.skip(run.remaining());
    }
    return runs;
  }

  /** Reads the readable part as integers. */
  @Benchmark
  public int readInts() {
    var reader = chain().reader();
    reader.position(0);
    int sum = 0;
    for (int i = 0; i < BYTES; i += Integer.BYTES) {
      sum += reader.readInt();
    }
    return sum;
  }

  /** Copies into the writable part. */
  @Benchmark
  public ByteBuffer write() {
    var writer = chain().writer();
    writer.position(0);
    writer.write(copy.clear());
    return copy;
  }
}
