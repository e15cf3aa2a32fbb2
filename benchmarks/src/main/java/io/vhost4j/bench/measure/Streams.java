package io.vhost4j.bench.measure;

import io.vertx.core.Context;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Connection;
import io.vhost4j.bench.target.Target;
import io.vhost4j.bench.workload.Chains;
import io.vhost4j.bench.workload.StreamWorkload;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.virtqueue.DriverQueue;

/**
 * The streams of one device, each with a buffer to hand out at fixed times. Nobody waits for
 * notifications, so that the driver costs little; the device is to send them all the same. One
 * thread.
 */
final class Streams implements AutoCloseable {
  /** Periods that a device which paces itself is kept ahead. */
  static final int LEAD = 3;

  private static final int PAGE = 4096;
  private static final int DESCRIPTORS_PER_CHAIN = 3;

  private final Connection connection;
  private final FrontendQueue queue;
  private final Chains chains;
  private final int streams;
  private final boolean pacedByDevice;
  private final int[] slotOfHead;
  private final int[] inFlight;
  private final int[] sent;
  private final int slots;

  private long buffers;
  private long misses;

  private Streams(
      Connection connection, StreamWorkload device, int streams, boolean pacedByDevice) {
    this.connection = connection;
    this.streams = streams;
    this.pacedByDevice = pacedByDevice;
    queue = connection.queue(device.queue());
    slots = LEAD + 1;
    slotOfHead = new int[queue.driver().size()];
    inFlight = new int[streams];
    sent = new int[streams];
    int payload = device.usualPayload();
    long address = connection.memory().allocate(device.size(payload, streams * slots), PAGE);
    chains = device.chains(connection, address, payload, streams * slots);
  }

  /**
   * Connects to a device and starts its streams.
   *
   * @param pacedByDevice whether it gives buffers back as fast as they play; else at once
   */
  static Streams open(
      Context context, Target target, StreamWorkload workload, int streams, boolean pacedByDevice)
      throws BenchException {
    StreamWorkload device = workload.withStreams(streams);
    int slots = streams * (LEAD + 1);
    int queueSize = Math.max(64, Integer.highestOneBit(2 * slots * DESCRIPTORS_PER_CHAIN - 1));
    long bytes = 2 * PAGE + device.size(device.usualPayload(), slots);
    Connection connection =
        Connection.open(
            context, target, device.features(), device.queues(), Math.min(queueSize, 1024), bytes);
    try {
      device.start(connection);
      return new Streams(connection, device, streams, pacedByDevice);
    } catch (BenchException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  int count() {
    return streams;
  }

  /** Buffers that came back. */
  long buffers() {
    return buffers;
  }

  /** Periods that could not be sent as the device was a period late. */
  long misses() {
    return misses;
  }

  /** It is time for a stream's next period. */
  void tick(int stream) throws BenchException {
    takeBack();
    if (inFlight[stream] > (pacedByDevice ? LEAD : 0)) {
      misses++;
      return;
    }
    // At the beginning, and when it has run dry while others were measured.
    int count = pacedByDevice && inFlight[stream] == 0 ? LEAD : 1;
    for (int i = 0; i < count; i++) {
      send(stream);
    }
    queue.publish();
  }

  private void send(int stream) throws BenchException {
    int slot = sent[stream] % slots * streams + stream;
    int head = chains.add(queue.driver(), slot);
    if (head < 0) {
      throw new BenchException(
          "the ring has no room for the buffers of %d streams".formatted(streams));
    }
    slotOfHead[head] = slot;
    inFlight[stream]++;
    sent[stream]++;
  }

  private void takeBack() throws BenchException {
    DriverQueue driver = queue.driver();
    do {
      for (int head = connection.poll(queue); head >= 0; head = connection.poll(queue)) {
        chains.check(slotOfHead[head]);
        inFlight[slotOfHead[head] % streams]--;
        buffers++;
      }
    } while (driver.enableNotifications());
  }

  /** Fails if the device has gone away, which who only looks at the ring does not see. */
  void checkOpen() throws BenchException {
    connection.checkOpen();
  }

  @Override
  public void close() {
    connection.close();
  }
}
