package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.vertx.core.Context;
import io.vhost4j.audio.Allocations;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Audio that flows allocates nothing: neither on the event loop nor on a worker. */
@Tag("jdk")
class AllocationTest {
  private static final int STEPS = 20_000;
  private static final int BATCH = 4;
  private static final int AUDIO = 1024;
  private static final long BUFFERS = 1 << 20;

  /** A null backend for which streams get workers. */
  private static final class OnWorkers implements AudioBackend {
    private final NullBackend streams = new NullBackend(Pacing.NONE);

    @Override
    public StreamCapabilities capabilities(Direction direction) {
      return streams.capabilities(direction);
    }

    @Override
    public boolean isImmediate() {
      return false;
    }

    @Override
    public AudioStream open(int id, Direction direction, PcmParameters parameters, Runnable wake) {
      return streams.open(id, direction, parameters, wake);
    }

    @Override
    public void close() {
      streams.close();
    }
  }

  /** An event loop of one task at a time, as a device with one running stream needs. */
  private static final class OneTaskLoop implements EventLoop {
    private final AtomicReference<@Nullable Runnable> task = new AtomicReference<>();

    @Override
    public void execute(Runnable next) {
      if (!task.compareAndSet(null, next)) {
        throw new AssertionError("two tasks");
      }
    }

    void runOne() {
      Runnable next = task.get();
      if (next == null) {
        LockSupport.parkNanos(1000);
      } else {
        task.set(null);
        next.run();
      }
    }

    @Override
    public Timer newTimer(Runnable expired) {
      return new Timer() {
        @Override
        public void arm(long nanos) {
          // It would look whether the guest gives no more buffers; here it always does.
        }

        @Override
        public void disarm() {}
      };
    }

    @Override
    public void fail(String reason) {
      throw new AssertionError(reason);
    }

    @Override
    public void close() {}
  }

  private static final class Queue implements DeviceQueue {
    final DriverQueue driver;
    final SplitVirtqueue ring;
    final QueueHandler handler;

    Queue(GuestMemory memory, long start, QueueHandler handler) throws VirtqueueException {
      long features = RingFeatures.EVENT_IDX;
      driver = DriverQueue.create(memory, start, 64, 0, features, 0);
      ring = SplitVirtqueue.create(memory, 64, driver.addresses(), features, 0);
      this.handler = handler;
      handler.started(this);
    }

    @Override
    public int index() {
      return 0;
    }

    @Override
    public void flush() {
      boolean unused = ring.needsNotification();
    }

    @Override
    public int size() {
      return ring.size();
    }

    @Override
    public @Nullable DescriptorChain next() throws VirtqueueException {
      return ring.next();
    }

    @Override
    public void complete(DescriptorChain chain, int written) {
      ring.complete(chain, written);
    }

    @Override
    public boolean putBack(DescriptorChain chain) {
      return ring.putBack(chain);
    }

    @Override
    public int inFlight() {
      return ring.inFlight();
    }
  }

  private final OneTaskLoop loop = new OneTaskLoop();
  private final long[] addresses = new long[2];
  private final int[] lengths = new int[2];

  private SoundDevice device(AudioBackend backend) throws AudioException {
    SoundDeviceConfig config = SoundDeviceConfig.builder().name("lean").build();
    SoundDevice device =
        new SoundDevice(config, backend, context -> loop, System::nanoTime, Thread::new);
    device.connected(
        new DeviceContext() {
          @Override
          public Context context() {
            throw new UnsupportedOperationException();
          }

          @Override
          public void configChanged() {}

          @Override
          public void fail(String reason) {}
        });
    return device;
  }

  private void start(GuestMemory memory, Queue control, int stream) throws Exception {
    byte[][] requests = {
      Rig.setParams(stream, Rig.CD, 0),
      Rig.item(RequestCode.PCM_PREPARE, stream),
      Rig.item(RequestCode.PCM_START, stream)
    };
    for (byte[] request : requests) {
      memory.write(BUFFERS, ByteBuffer.wrap(request));
      exchange(control, request.length, 4, 1);
      ByteBuffer status = ByteBuffer.allocate(4);
      memory.read(BUFFERS + request.length, status);
      assertThat(status.array()).isEqualTo(Rig.le32(0x8000));
    }
  }

  /** Sends so many buffers and waits until they are back. */
  private void exchange(Queue queue, int readable, int writable, int count)
      throws VirtqueueException {
    addresses[0] = BUFFERS;
    addresses[1] = BUFFERS + readable;
    lengths[0] = readable;
    lengths[1] = writable;
    for (int i = 0; i < count; i++) {
      queue.driver.add(addresses, lengths, 1, 1);
    }
    queue.driver.publish();
    queue.handler.available(queue);
    for (int back = 0; back < count; ) {
      if (queue.driver.poll() >= 0) {
        back++;
      } else {
        loop.runOne();
      }
    }
  }

  private long exchanges(GuestMemory memory, SoundDevice device, Direction direction)
      throws Exception {
    boolean isOutput = direction == Direction.OUTPUT;
    Queue control = new Queue(memory, 0, device.queue(0));
    Queue audio = new Queue(memory, 1 << 16, device.queue(isOutput ? 2 : 3));
    int stream = direction.value();
    start(memory, control, stream);
    memory.write(BUFFERS, ByteBuffer.wrap(Rig.le32(stream)));
    int readable = isOutput ? 4 + AUDIO : 4;
    int writable = isOutput ? 8 : AUDIO + 8;
    return Allocations.of(STEPS, () -> exchange(audio, readable, writable, BATCH));
  }

  private static GuestMemory memory(MemoryFile file) throws Exception {
    return GuestMemory.map(List.of(new MemoryRegion(0, file.size(), 0, 0)), file.fd());
  }

  @ParameterizedTest
  @EnumSource(Direction.class)
  void nothingOnTheLoop(Direction direction) throws Exception {
    try (MemoryFile file = MemoryFile.create("lean", 4 << 20)) {
      SoundDevice device = device(new NullBackend(Pacing.NONE));
      assertThat(exchanges(memory(file), device, direction)).isLessThan(STEPS);
      assertThat(device.streams().get(direction.value()).counters().buffers())
          .isEqualTo(2L * STEPS * BATCH);
    }
  }

  @Test
  void nothingWithAWorkerOnEitherSide() throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (MemoryFile file = MemoryFile.create("lean", 4 << 20)) {
      SoundDevice device = device(new OnWorkers());
      assertThat(exchanges(memory(file), device, Direction.OUTPUT)).isLessThan(STEPS);
      Thread worker =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().equals("lean-0"))
              .findFirst()
              .orElseThrow();
      // All it ever did, warming up and beginning included.
      assertThat(threads.getThreadAllocatedBytes(worker.getId())).isLessThan(STEPS * 10L);
    }
  }
}
