package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A driver and a device on two threads, with a mapping each of the same memory, that sleep until
 * they are notified. A missing barrier (V3, V8, V12, V14) shows as wrong content or as both sides
 * asleep.
 */
@Tag("jdk")
class TwoThreadsTest {
  private static final int SIZE = 16;
  private static final long BUFFERS = 1 << 16;

  @ParameterizedTest
  @CsvSource({"0, 1", "0, 8", "1, 1", "1, 8"})
  void noNotificationIsLostAndNoContentIsStale(int eventIndex, int batch) throws Exception {
    long features = eventIndex == 0 ? 0 : RingFeatures.EVENT_IDX;
    int chains = 300_000;
    Semaphore kick = new Semaphore(0);
    Semaphore call = new Semaphore(0);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (MemoryFile file = MemoryFile.create("vhost4j-threads", 1 << 17)) {
      MemoryRegion region = new MemoryRegion(0, 1 << 17, 0, 0);
      GuestMemory driverMemory = GuestMemory.map(List.of(region), file.fd());
      GuestMemory deviceMemory = GuestMemory.map(List.of(region), file.fd());
      DriverQueue driver = DriverQueue.create(driverMemory, 0, SIZE, 0, features, 65000);
      SplitVirtqueue device =
          SplitVirtqueue.create(deviceMemory, SIZE, driver.addresses(), features, 65000);
      Future<?> front =
          threads.submit(() -> drive(driver, driverMemory, chains, batch, kick, call));
      Future<?> back = threads.submit(() -> serve(device, chains, kick, call));
      try {
        front.get(5, TimeUnit.MINUTES);
        back.get(5, TimeUnit.MINUTES);
      } catch (ExecutionException e) {
        throw new AssertionError(e.getCause());
      }
      device.close();
      deviceMemory.release();
      driverMemory.release();
    } finally {
      threads.shutdownNow();
    }
  }

  private static Void drive(
      DriverQueue queue, GuestMemory memory, int chains, int batch, Semaphore kick, Semaphore call)
      throws Exception {
    var buffers = Objects.requireNonNull(memory.slice(BUFFERS, 16 * SIZE));
    long[] addresses = new long[2];
    int[] lengths = {4, 4};
    int[] expected = new int[SIZE];
    int sent = 0;
    int received = 0;
    while (received < chains) {
      int room = Math.min(Math.min(batch, chains - sent), queue.freeDescriptors() / 2);
      for (int i = 0; i < room; i++) {
        // A slot is free when its head is: SIZE / 2 chains of two descriptors, heads are distinct.
        int head = queue.add(addressesFor(addresses, sent), lengths, 1, 1);
        expected[head] = sent;
        buffers.putInt(slot(sent), sent * 17);
        buffers.putInt(slot(sent) + 8, -1);
        sent++;
      }
      queue.publish();
      if (queue.needsKick()) {
        kick.release();
      }
      int head;
      while ((head = queue.poll()) >= 0) {
        int number = expected[head];
        if (buffers.getInt(slot(number) + 8) != number * 19) {
          throw new AssertionError("chain " + number + " came back with stale content");
        }
        received++;
      }
      boolean full = queue.freeDescriptors() < 2 || sent == chains;
      if (full && received < chains && !queue.enableNotifications()) {
        if (!call.tryAcquire(60, TimeUnit.SECONDS)) {
          throw new AssertionError("driver: no notification at " + received);
        }
      }
      queue.disableNotifications();
    }
    return null;
  }

  private static int slot(int number) {
    return 16 * (number % SIZE);
  }

  private static long[] addressesFor(long[] addresses, int number) {
    addresses[0] = BUFFERS + slot(number);
    addresses[1] = BUFFERS + slot(number) + 8;
    return addresses;
  }

  private static Void serve(SplitVirtqueue queue, int chains, Semaphore kick, Semaphore call)
      throws Exception {
    int served = 0;
    while (served < chains) {
      queue.disableKicks();
      DescriptorChain chain;
      while ((chain = queue.next()) != null) {
        int value = chain.reader().readInt();
        if (value != served * 17) {
          throw new AssertionError("chain " + served + " has stale content");
        }
        chain.writer().writeInt(served * 19);
        queue.complete(chain, 4);
        served++;
        if (queue.needsNotification()) {
          call.release();
        }
      }
      if (served < chains && !queue.enableKicks() && !kick.tryAcquire(60, TimeUnit.SECONDS)) {
        throw new AssertionError("device: no kick at " + served);
      }
    }
    assertThat(queue.inFlight()).isZero();
    return null;
  }
}
