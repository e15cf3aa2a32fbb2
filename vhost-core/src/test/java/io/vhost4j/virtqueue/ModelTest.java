package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * {@link DriverQueue} and {@link SplitVirtqueue} against each other and against a model, over
 * random chains, batches, completion orders and notification modes. Each side sleeps whenever it
 * may and moves only when it has been notified, so that a lost notification stops the run. The
 * device's ring stops and starts in between, and chains are put back.
 *
 * <p>{@code -Dvhost4j.model.chains=N} and {@code -Dvhost4j.model.seed=S} make it longer or repeat
 * it.
 */
class ModelTest {
  private static final long CHAINS = Long.getLong("vhost4j.model.chains", 2_400_000);
  private static final int[] SIZES = {1, 2, 16, 64, 256, 1024};

  @Test
  void driverAndDeviceAgreeOnMillionsOfRandomChains() throws Exception {
    long seed = Long.getLong("vhost4j.model.seed", new SplittableRandom().nextLong());
    System.out.println("ModelTest: -Dvhost4j.model.seed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    long perRun = CHAINS / (4L * SIZES.length);
    long wraps = 0;
    long putBack = 0;
    for (int size : SIZES) {
      for (int mode = 0; mode < 4; mode++) {
        long features =
            ((mode & 1) == 0 ? 0 : RingFeatures.EVENT_IDX)
                | ((mode & 2) == 0 ? 0 : RingFeatures.INDIRECT_DESC);
        int start = random.nextBoolean() ? 65536 - random.nextInt(1, 2000) : random.nextInt(65536);
        wraps += (start + perRun) >> 16;
        putBack += run(random.split(), size, features, start, perRun);
      }
    }
    assertThat(wraps).as("crossings of 65535 to 0").isGreaterThanOrEqualTo(CHAINS >> 17);
    assertThat(putBack).as("chains put back").isGreaterThan(CHAINS / 1000);
  }

  /** Returns how many chains were put back. */
  private static long run(SplittableRandom random, int size, long features, int start, long chains)
      throws Exception {
    try (MemoryFile file = MemoryFile.create("vhost4j-model", 1 << 22)) {
      // Two mappings of the same file, cut into adjacent regions at odd places on the device's
      // side.
      GuestMemory driverMemory =
          GuestMemory.map(List.of(new MemoryRegion(0, 1 << 22, 0, 0)), file.fd());
      long cut = (1 << 21) + 12347;
      GuestMemory deviceMemory =
          GuestMemory.map(
              List.of(
                  new MemoryRegion(0, 1 << 21, 0, 0),
                  new MemoryRegion(1 << 21, 12347, 1 << 24, 1 << 21),
                  new MemoryRegion(cut, (1 << 22) - cut, 1 << 25, cut)),
              file.fd(),
              file.fd(),
              file.fd());
      DriverQueue queue =
          DriverQueue.create(driverMemory, 0, size, ModelDriver.MAX_BUFFERS, features, start);
      ModelDriver driver = new ModelDriver(random.split(), queue, driverMemory, features, chains);
      ModelDevice device =
          new ModelDevice(
              random.split(),
              base -> SplitVirtqueue.create(deviceMemory, size, queue.addresses(), features, base),
              start);
      int idle = 0;
      while (!driver.isDone()) {
        boolean moved = driver.step(device);
        moved |= device.step(driver);
        idle = moved ? 0 : idle + 1; // a step may do nothing by chance, but not so many
        assertThat(idle)
            .as("%s chains left and both sides asleep: a notification was lost", driver.left())
            .isLessThan(1000);
      }
      SplitVirtqueue virtqueue = device.queue();
      assertThat(virtqueue.inFlight()).isZero();
      assertThat(virtqueue.nextAvail()).isEqualTo((int) ((start + chains) & 0xffff));
      assertThat(queue.freeDescriptors()).isEqualTo(size);
      driver.assertSuppression(1 + device.restarts());
      device.assertSuppression();
      virtqueue.close();
      deviceMemory.release();
      driverMemory.release();
      return device.putBack();
    }
  }
}
