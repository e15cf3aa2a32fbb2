package io.vhost4j.daemon;

import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.internal.VertxInternal;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.event.NativeTransport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a program does, from the first device opened to the last one closed. */
abstract class ProgramService {
  private static final Logger log = LoggerFactory.getLogger(ProgramService.class);

  /** Guarded by itself; what {@link #stop()} has to close. */
  private final List<AutoCloseable> open = new ArrayList<>();

  private boolean stopping;
  private volatile @Nullable Vertx vertx;

  /**
   * Opens every device and returns when all of them can be used. Blocks: main thread only.
   *
   * @return completes when no device has anybody left to serve; on an event loop
   * @throws StartException if one of them cannot; {@link #stop()} is still to be called
   */
  abstract Future<Void> start() throws StartException;

  /** Logs which options of the devices of a kind have no effect. */
  static void warn(VirtioDeviceProvider provider, List<DeviceOptions> devices) {
    provider.warnings(devices).forEach(line -> log.warn("{}", line));
  }

  /** How long {@link #stop} waits for devices: within a second the process is to be gone. */
  long stopMillis() {
    return 500;
  }

  /**
   * Has {@link #stop()} close it.
   *
   * @throws StartException if that has been called; it is closed already then
   */
  final void keep(AutoCloseable resource) throws StartException {
    synchronized (open) {
      if (!stopping) {
        open.add(resource);
        return;
      }
    }
    close(resource);
    throw new StartException("stopped before it was ready");
  }

  /**
   * Closes everything at the same time, but does not wait for a device that hangs. Any thread,
   * once.
   */
  final void stop() {
    List<AutoCloseable> resources;
    synchronized (open) {
      stopping = true;
      resources = List.copyOf(open);
    }
    Map<Thread, AutoCloseable> closers = new LinkedHashMap<>();
    for (AutoCloseable resource : resources) {
      Thread closer = new Thread(() -> close(resource), "close");
      closer.setDaemon(true);
      closer.start();
      closers.put(closer, resource);
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(stopMillis());
    for (Map.Entry<Thread, AutoCloseable> closer : closers.entrySet()) {
      if (!join(closer.getKey(), deadline)) {
        log.warn("{}: the host does not answer: ending without it", closer.getValue());
        break;
      }
    }
    Vertx started = vertx;
    if (started != null) {
      // The JVM waits 300 ms for threads inside epoll, unless they have ended.
      started.close();
    }
  }

  private static boolean join(Thread thread, long deadline) {
    try {
      long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      thread.join(Math.max(1, millis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return !thread.isAlive();
  }

  private static void close(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      log.warn("cannot close {}", resource, e);
    }
  }

  /**
   * The Vert.x instance of the program; once.
   *
   * @param devices how many there are; they share loops if they are more than the processors
   * @param workers threads for what may block
   */
  final Vertx createVertx(int devices, int workers) throws StartException {
    int cores = Runtime.getRuntime().availableProcessors();
    VertxOptions vertxOptions =
        new VertxOptions()
            .setEventLoopPoolSize(Math.min(devices, cores))
            .setWorkerPoolSize(workers)
            .setInternalBlockingPoolSize(1)
            // The check would wake an idle process every second.
            .setBlockedThreadCheckIntervalUnit(TimeUnit.DAYS)
            .setBlockedThreadCheckInterval(10_000)
            .setFileSystemOptions(
                new FileSystemOptions()
                    .setFileCachingEnabled(false)
                    .setClassPathResolvingEnabled(false));
    try {
      Vertx created = NativeTransport.vertx(vertxOptions);
      letIdleLoopsSleep(created);
      vertx = created;
      return created;
    } catch (IllegalStateException e) {
      throw new StartException(e);
    }
  }

  /**
   * A Netty event loop that has no timer at all wakes every second to look for one. One that is
   * more than 2^31 seconds away is not armed, which would take a system call at each sleep.
   */
  private static void letIdleLoopsSleep(Vertx vertx) {
    for (EventExecutor loop : ((VertxInternal) vertx).nettyEventLoopGroup()) {
      var unused = loop.schedule(() -> {}, 30_000, TimeUnit.DAYS);
    }
  }
}
