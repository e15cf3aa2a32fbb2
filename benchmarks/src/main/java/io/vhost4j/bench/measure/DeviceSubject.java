package io.vhost4j.bench.measure;

import io.vertx.core.Context;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Connection;
import io.vhost4j.bench.target.Target;
import io.vhost4j.bench.workload.Chains;
import io.vhost4j.bench.workload.Workload;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.virtqueue.DriverQueue;
import java.util.OptionalLong;

/** A backend, connected to, with a device that takes buffers. */
public final class DeviceSubject implements Subject {
  private static final int PAGE = 4096;

  private final Target target;
  private final Workload workload;
  private final Connection connection;
  private final FrontendQueue queue;
  private final long area;
  private final int[] slotOfHead;

  private DeviceSubject(Target target, Workload workload, Connection connection) {
    this.target = target;
    this.workload = workload;
    this.connection = connection;
    queue = connection.queue(workload.queue());
    int size = queue.driver().size();
    slotOfHead = new int[size];
    area = connection.memory().allocate(workload.size(Workload.MAX_PAYLOAD, size), PAGE);
  }

  /**
   * Connects and makes the device ready.
   *
   * @param target belongs to the subject, also if this fails
   */
  public static DeviceSubject open(Context context, Target target, Workload workload, int queueSize)
      throws BenchException {
    Connection connection = null;
    try {
      connection =
          Connection.open(
              context,
              target,
              workload.features(),
              workload.queues(),
              queueSize,
              PAGE + workload.size(Workload.MAX_PAYLOAD, queueSize));
      workload.start(connection);
      return new DeviceSubject(target, workload, connection);
    } catch (BenchException | RuntimeException e) {
      if (connection != null) {
        connection.close();
      }
      target.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return target.name();
  }

  @Override
  public OptionalLong pid() {
    return target.pid();
  }

  @Override
  public RoundTrip roundTrip(int payload) {
    Chains chains = workload.chains(connection, area, payload, 1);
    DriverQueue driver = queue.driver();
    return () -> {
      chains.add(driver, 0);
      connection.exchange(queue);
      chains.check(0);
    };
  }

  @Override
  public Flow flow(int payload, int window, long nanos) throws BenchException {
    Chains chains = workload.chains(connection, area, payload, window);
    DriverQueue driver = queue.driver();
    long buffers = 0;
    long kicks = 0;
    long wakeUps = 0;
    long start = System.nanoTime();
    for (int slot = 0; slot < window; slot++) {
      slotOfHead[add(chains, slot)] = slot;
    }
    boolean refill = true;
    while (true) {
      driver.publish();
      if (driver.needsKick()) {
        queue.kick().signal();
        kicks++;
      }
      int head = connection.poll(queue);
      while (head < 0) {
        if (!driver.enableNotifications()) {
          connection.awaitNotification(queue);
          wakeUps++;
        }
        head = connection.poll(queue);
      }
      refill = refill && System.nanoTime() - start < nanos;
      for (; head >= 0; head = connection.poll(queue)) {
        int slot = slotOfHead[head];
        chains.check(slot);
        buffers++;
        if (refill) {
          slotOfHead[add(chains, slot)] = slot;
        }
      }
      if (driver.inFlight() == 0) {
        driver.enableNotifications();
        return new Flow(buffers, System.nanoTime() - start, kicks, wakeUps);
      }
    }
  }

  private int add(Chains chains, int slot) throws BenchException {
    int head = chains.add(queue.driver(), slot);
    if (head < 0) {
      throw new BenchException(
          "the ring has no room for that many buffers at a time: give a smaller --window");
    }
    return head;
  }

  @Override
  public void rest() throws BenchException {
    target.rest();
  }

  @Override
  public void close() {
    connection.close();
    target.close();
  }
}
