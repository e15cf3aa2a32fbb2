package io.vhost4j.bench.micro;

import io.vhost4j.vhostuser.frontend.FrontendMemory;
import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
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

/**
 * A buffer of sound through a ring, both sides of it in one thread: added, published, taken, looked
 * at, completed and taken back. The driver's part alone shows what of it is the device's.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RingBenchmark {
  private static final int SIZE = 64;
  private static final int HEADER = 4;
  private static final int STATUS = 8;
  private static final int PAGE = 4096;
  private static final long MEMORY = 1 << 20;

  /** How the three pieces of the buffer are chained. */
  public enum Layout {
    /** Three descriptors of the ring. */
    DIRECT,
    /** One descriptor of the ring, three in a table. */
    INDIRECT
  }

  @Param public Layout layout = Layout.DIRECT;

  @Param({"1920"})
  public int audio;

  private FrontendMemory memory = noMemory();
  private DriverQueue driver = queueIn(memory);
  private SplitVirtqueue device = deviceOf(memory, driver);
  private final long[] addresses = new long[3];
  private int[] lengths = {HEADER, 0, STATUS};

  private static FrontendMemory noMemory() {
    try {
      return FrontendMemory.create(MEMORY);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static DriverQueue queueIn(FrontendMemory memory) {
    long address = memory.allocate(DriverQueue.bytesNeeded(SIZE, 3), PAGE);
    long features = RingFeatures.EVENT_IDX | RingFeatures.INDIRECT_DESC;
    return DriverQueue.create(memory.memory(), address, SIZE, 3, features, 0);
  }

  private static SplitVirtqueue deviceOf(FrontendMemory memory, DriverQueue driver) {
    long features = RingFeatures.EVENT_IDX | RingFeatures.INDIRECT_DESC;
    try {
      return SplitVirtqueue.create(memory.memory(), SIZE, driver.addresses(), features, 0);
    } catch (VirtqueueException e) {
      throw new IllegalStateException(e);
    }
  }

  @Setup
  public void prepare() {
    addresses[0] = memory.allocate(HEADER + audio + STATUS, PAGE);
    addresses[1] = addresses[0] + HEADER;
    addresses[2] = addresses[1] + audio;
    lengths = new int[] {HEADER, audio, STATUS};
    device.enableKicks();
  }

  @TearDown
  public void release() {
    device.close();
    memory.close();
  }

  private void send() {
    if (layout == Layout.DIRECT) {
      driver.add(addresses, lengths, 2, 1);
    } else {
      driver.addIndirect(addresses, lengths, 2, 1);
    }
    driver.publish();
  }

  private int takeBack() throws VirtqueueException {
    int head = driver.poll();
    driver.enableNotifications();
    return head;
  }

  /** What the null backend does with a buffer: looks at the header and writes the status. */
  @Benchmark
  public int buffer() throws VirtqueueException {
    send();
    boolean kick = driver.needsKick();
    device.disableKicks();
    DescriptorChain chain = Objects.requireNonNull(device.next());
    ChainReader reader = chain.reader();
    int stream = reader.readInt();
    ChainWriter writer = chain.writer();
    writer.position(writer.size() - STATUS);
    writer.writeInt(stream);
    writer.writeInt(0);
    device.complete(chain, STATUS);
    boolean call = device.needsNotification();
    boolean more = device.enableKicks();
    return takeBack() + (kick ? 1 : 0) + (call ? 1 : 0) + (more ? 1 : 0);
  }

  /** The same without a look at what is in the buffer. */
  @Benchmark
  public int nextAndComplete() throws VirtqueueException {
    send();
    DescriptorChain chain = Objects.requireNonNull(device.next());
    device.complete(chain, STATUS);
    return takeBack();
  }
}
