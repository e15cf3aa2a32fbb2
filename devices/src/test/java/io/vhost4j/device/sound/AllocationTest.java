package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.engine.DeviceEngine;
import io.vhost4j.engine.DeviceSession;
import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.Polling;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.engine.Transport;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.VirtqueueException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Audio that flows allocates nothing, neither on the event loop nor on a worker: the device behind
 * the engine, and a driver on the device's event loop that allocates nothing either.
 */
@Tag("jdk")
class AllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
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

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final MemoryFile file = MemoryFile.create("lean", 4 << 20);
  private final GuestMemory memory = map();
  private final @Nullable Driver[] drivers = new @Nullable Driver[4];

  /** Run when the audio has flowed, while the stream is still there. */
  private Runnable inspect = () -> {};

  AllocationTest() throws Exception {}

  private GuestMemory map() throws Exception {
    return GuestMemory.map(List.of(new MemoryRegion(0, file.size(), 0, 0)), file.fd());
  }

  @AfterEach
  void close() throws Exception {
    await(vertx.close());
    memory.release();
    file.close();
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  /** On the loop. */
  private Driver driver(DeviceSession session, int index) throws Exception {
    Driver driver = new Driver(session.queues().get(index), index);
    drivers[index] = driver;
    driver.start();
    return driver;
  }

  /** Has audio flow; returns the bytes that the event loop has allocated. */
  private long exchanges(SoundDevice device, Direction direction) throws Exception {
    DeviceEngine engine = DeviceEngine.create(vertx, device, Polling.never(), device::name);
    Context loop = engine.context();
    boolean isOutput = direction == Direction.OUTPUT;
    int stream = direction.value();
    DeviceSession session =
        call(
            loop,
            () -> {
              DeviceSession opened = engine.open(new Drivers());
              opened.memory(map());
              opened.begin();
              opened.acknowledge(engine.features());
              return opened;
            });
    Driver control = call(loop, () -> driver(session, 0));
    byte[][] requests = {
      Rig.setParams(stream, Rig.CD, 0),
      Rig.item(RequestCode.PCM_PREPARE, stream),
      Rig.item(RequestCode.PCM_START, stream)
    };
    for (byte[] request : requests) {
      memory.write(BUFFERS, ByteBuffer.wrap(request));
      await(call(loop, () -> control.send(request.length, 4, 1, 1)));
      ByteBuffer status = ByteBuffer.allocate(4);
      memory.read(BUFFERS + request.length, status);
      assertThat(status.array()).isEqualTo(Rig.le32(0x8000));
    }
    memory.write(BUFFERS, ByteBuffer.wrap(Rig.le32(stream)));
    Driver audio = call(loop, () -> driver(session, isOutput ? 2 : 3));
    int readable = isOutput ? 4 + AUDIO : 4;
    int writable = isOutput ? 8 : AUDIO + 8;
    long allocated = await(call(loop, () -> audio.send(readable, writable, BATCH, 2 * STEPS)));
    assertThat(device.streams().get(stream).counters().buffers()).isEqualTo(2L * STEPS * BATCH);
    inspect.run();
    await(call(loop, session::close));
    await(call(loop, engine::close));
    return allocated;
  }

  private static <T> T call(Context loop, Callable<T> action) throws Exception {
    Promise<T> result = Promise.promise();
    loop.runOnContext(
        v -> {
          try {
            result.complete(action.call());
          } catch (Exception e) {
            result.fail(e);
          }
        });
    return await(result.future());
  }

  private static SoundDevice device(AudioBackend backend) throws AudioException {
    return new SoundDevice(SoundDeviceConfig.builder().name("lean").build(), backend);
  }

  @ParameterizedTest
  @EnumSource(Direction.class)
  void nothingOnTheLoop(Direction direction) throws Exception {
    assertThat(exchanges(device(new NullBackend(Pacing.NONE)), direction)).isLessThan(STEPS);
  }

  @Test
  void nothingWithAWorkerOnEitherSide() throws Exception {
    AtomicLong byWorker = new AtomicLong();
    inspect =
        () -> {
          Thread worker =
              Thread.getAllStackTraces().keySet().stream()
                  .filter(thread -> thread.getName().equals("lean-0"))
                  .findFirst()
                  .orElseThrow();
          byWorker.set(THREADS.getThreadAllocatedBytes(worker.getId()));
        };
    assertThat(exchanges(device(new OnWorkers()), Direction.OUTPUT)).isLessThan(STEPS);
    // All it ever did, warming up and beginning included.
    assertThat(byWorker).hasValueLessThan(STEPS * 10L);
  }

  /** Brings each queue's notifications to its driver. */
  private final class Drivers implements Transport {
    @Override
    public boolean notifyDriver(int queue) {
      Objects.requireNonNull(drivers[queue]).collect();
      return true;
    }

    @Override
    public void queueBroken(int queue) {
      disconnect("queue " + queue + " is broken");
    }

    @Override
    public void configChanged() {}

    @Override
    public void disconnect(String reason) {
      for (Driver driver : drivers) {
        if (driver != null) {
          driver.end.tryFail(reason);
        }
      }
    }
  }

  /** The driver of one queue: whenever all of a batch is back it sends the next one. */
  private final class Driver {
    private final long[] addresses = new long[2];
    private final int[] lengths = new int[2];
    private final EngineQueue queue;
    private final DriverQueue ring;
    private Promise<Long> end = Promise.promise();
    private int batch;
    private int steps;
    private int back;
    private int done;
    private long allocated;

    Driver(EngineQueue queue, int index) {
      this.queue = queue;
      ring = DriverQueue.create(memory, (long) index << 16, 64, 0, RingFeatures.EVENT_IDX, 0);
    }

    void start() throws RefusedException {
      queue.setSize(ring.size());
      queue.setAddresses(ring.addresses());
      queue.enable();
      queue.start();
    }

    /**
     * Sends so many batches of buffers.
     *
     * @return bytes that the event loop has allocated during the second half of them
     */
    Future<Long> send(int readable, int writable, int buffers, int batches) {
      addresses[0] = BUFFERS;
      addresses[1] = BUFFERS + readable;
      lengths[0] = readable;
      lengths[1] = writable;
      batch = buffers;
      steps = batches;
      done = 0;
      end = Promise.promise();
      Future<Long> sent = end.future();
      addBatch();
      queue.look();
      return sent;
    }

    private void addBatch() {
      for (int i = 0; i < batch; i++) {
        ring.add(addresses, lengths, 1, 1);
      }
      ring.publish();
    }

    void collect() {
      try {
        do {
          while (ring.poll() >= 0) {
            back++;
          }
        } while (ring.enableNotifications());
      } catch (VirtqueueException e) {
        end.tryFail(e);
      }
      if (back == batch) {
        back = 0;
        done++;
        if (done == steps / 2) {
          allocated = THREADS.getCurrentThreadAllocatedBytes();
        }
        if (done < steps) {
          addBatch();
          queue.look();
        } else {
          end.tryComplete(THREADS.getCurrentThreadAllocatedBytes() - allocated);
        }
      }
    }
  }
}
