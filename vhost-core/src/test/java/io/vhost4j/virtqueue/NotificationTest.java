package io.vhost4j.virtqueue;

import static io.vhost4j.virtqueue.RawRing.BUFFERS;
import static io.vhost4j.virtqueue.RawRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules V10 to V15: who is told of what, and when. */
class NotificationTest {
  private static final int N = 8;

  private static void completeOne(RawRing ring, SplitVirtqueue queue) throws VirtqueueException {
    ring.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0);
    queue.complete(Objects.requireNonNull(queue.next()), 1);
  }

  @Test
  void v10WithoutEventIdxTheFlagDecides() throws Exception {
    try (RawRing ring = new RawRing(N);
        SplitVirtqueue queue = ring.device(0)) {
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).isTrue();
      assertThat(queue.needsNotification()).as("nothing new").isFalse();
      completeOne(ring.availFlags(0), queue);
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).isTrue();
      completeOne(ring.availFlags(1).usedEvent(3), queue);
      assertThat(queue.needsNotification()).isFalse();
      completeOne(ring.availFlags(0xfffe).usedEvent(77), queue);
      assertThat(queue.needsNotification()).as("only bit 0 counts, used_event does not").isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, RingFeatures.EVENT_IDX})
  void v12TheFirstCompletionAfterTheStartAlwaysNotifies(long features) throws Exception {
    try (RawRing ring = new RawRing(N).availFlags(1).usedEvent(1000);
        SplitVirtqueue queue = ring.device(features)) {
      assertThat(queue.needsNotification()).as("nothing to tell").isFalse();
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).isTrue();
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 100, 65535, 65530, 32767})
  void v11WithEventIdxTheUsedIndexHasToPassTheEvent(int start) throws Exception {
    try (RawRing ring = new RawRing(N, start).availFlags(1);
        SplitVirtqueue queue = ring.device(RingFeatures.EVENT_IDX)) {
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).isTrue();
      // now used.idx is start + 1
      ring.usedEvent(start + 3);
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).isFalse();
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).isFalse();
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).as("entry start + 3 is used").isTrue();
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).as("passed before").isFalse();
      ring.usedEvent(start + 6);
      for (int i = 0; i < 3; i++) {
        completeOne(ring, queue);
      }
      assertThat(queue.needsNotification()).as("passed within a batch").isTrue();
    }
  }

  @Test
  void v11ManyCompletionsAtOnceCannotHideAnEvent() throws Exception {
    try (RawRing ring = new RawRing(N);
        SplitVirtqueue queue = ring.device(RingFeatures.EVENT_IDX)) {
      completeOne(ring, queue);
      assertThat(queue.needsNotification()).isTrue();
      ring.usedEvent(5);
      for (int i = 0; i < 65536 + 3; i++) {
        completeOne(ring, queue);
      }
      assertThat(queue.needsNotification()).isTrue();
    }
  }

  @Test
  void v13WithoutEventIdxTheFlagStopsKicks() throws Exception {
    try (RawRing ring = new RawRing(N).usedFlags(1);
        SplitVirtqueue queue = ring.device(0)) {
      assertThat(ring.usedFlags()).as("creation writes nothing").isEqualTo(1);
      assertThat(queue.enableKicks()).isFalse();
      assertThat(ring.usedFlags()).isZero();
      queue.disableKicks();
      assertThat(ring.usedFlags()).isEqualTo(1);
      queue.enableKicks();
      assertThat(ring.usedFlags()).isZero();
      assertThat(ring.availEvent()).as("untouched").isZero();
    }
  }

  @Test
  void v13WithEventIdxTheFlagStaysZeroAndAvailEventAsksForTheNextBuffer() throws Exception {
    try (RawRing ring = new RawRing(N, 65535).usedFlags(1);
        SplitVirtqueue queue = ring.device(RingFeatures.EVENT_IDX)) {
      assertThat(queue.enableKicks()).isFalse();
      assertThat(ring.usedFlags()).isZero();
      assertThat(ring.availEvent()).isEqualTo(65535);
      queue.disableKicks();
      assertThat(ring.usedFlags()).isZero();
      completeOne(ring, queue);
      assertThat(ring.availEvent()).isEqualTo(65535);
      queue.enableKicks();
      assertThat(ring.availEvent()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, RingFeatures.EVENT_IDX})
  void v14EnablingKicksTellsOfBuffersThatCameMeanwhile(long features) throws Exception {
    try (RawRing ring = new RawRing(N);
        SplitVirtqueue queue = ring.device(features)) {
      queue.disableKicks();
      assertThat(queue.next()).isNull();
      ring.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0);
      assertThat(queue.enableKicks()).isTrue();
      assertThat(queue.next()).isNotNull();
      assertThat(queue.enableKicks()).isFalse();
    }
  }

  @Test
  void v15LookingWithoutNeedIsHarmless() throws Exception {
    try (RawRing ring = new RawRing(N);
        SplitVirtqueue queue = ring.device(RingFeatures.EVENT_IDX)) {
      for (int i = 0; i < 10; i++) {
        assertThat(queue.next()).isNull();
        assertThat(queue.needsNotification()).isFalse();
      }
      assertThat(ring.usedIndex()).isZero();
    }
  }

  private static DriverQueue driver(RawRing ring, long features, int start) {
    return DriverQueue.create(ring.memory, BUFFERS, N, 0, features, start);
  }

  private static final long[] ADDRESS = {RawRing.SEAM};
  private static final int[] LENGTH = {4};

  private static void publishOne(DriverQueue driver) {
    assertThat(driver.add(ADDRESS, LENGTH, 0, 1)).isNotNegative();
    driver.publish();
  }

  private static SplitVirtqueue device(RawRing ring, DriverQueue driver, long features)
      throws VirtqueueException {
    return SplitVirtqueue.create(ring.memory, N, driver.addresses(), features, driver.startIndex());
  }

  private static void completeAll(SplitVirtqueue device) throws VirtqueueException {
    for (DescriptorChain chain = device.next(); chain != null; chain = device.next()) {
      device.complete(chain, 0);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, RingFeatures.EVENT_IDX})
  void theDriverKicksOnlyADeviceThatAsksForIt(long features) throws Exception {
    try (RawRing ring = new RawRing(N)) {
      DriverQueue driver = driver(ring, features, 65534);
      assertThat(driver.needsKick()).as("nothing published").isFalse();
      try (SplitVirtqueue device = device(ring, driver, features)) {
        device.enableKicks();
        for (int i = 0; i < 20; i++) {
          publishOne(driver);
          assertThat(driver.needsKick()).as("round %s", i).isTrue();
          device.disableKicks();
          publishOne(driver);
          publishOne(driver);
          assertThat(driver.needsKick()).as("round %s", i).isFalse();
          completeAll(device);
          assertThat(device.enableKicks()).isFalse();
          while (driver.poll() >= 0) {}
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, RingFeatures.EVENT_IDX})
  void theDeviceNotifiesOnlyADriverThatAsksForIt(long features) throws Exception {
    try (RawRing ring = new RawRing(N)) {
      DriverQueue driver = driver(ring, features, 65534);
      try (SplitVirtqueue device = device(ring, driver, features)) {
        for (int i = 0; i < 20; i++) {
          publishOne(driver);
          completeAll(device);
          assertThat(device.needsNotification()).as("round %s", i).isTrue();
          driver.disableNotifications();
          publishOne(driver);
          completeAll(device);
          assertThat(device.needsNotification()).as("round %s", i).isFalse();
          assertThat(driver.enableNotifications()).as("two are there").isTrue();
          assertThat(driver.poll()).isNotNegative();
          assertThat(driver.poll()).isNotNegative();
          assertThat(driver.enableNotifications()).isFalse();
        }
      }
    }
  }

  @Test
  void aDriverThatPublishesWithoutAskingForLongStillKicks() throws Exception {
    try (RawRing ring = new RawRing(N)) {
      DriverQueue driver = driver(ring, RingFeatures.EVENT_IDX, 0);
      try (SplitVirtqueue device = device(ring, driver, RingFeatures.EVENT_IDX)) {
        device.enableKicks();
        for (int i = 0; i < 65536 + 2; i++) {
          publishOne(driver);
          completeAll(device);
          assertThat(driver.poll()).isNotNegative();
        }
        assertThat(driver.needsKick()).isTrue();
      }
    }
  }
}
