package io.vhost4j.examples;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import io.vhost4j.virtqueue.ChainWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.random.RandomGenerator;

/**
 * A whole virtio device: an entropy source (VIRTIO 5.4) that fills every buffer it is given. {@link
 * io.vhost4j.device.rng.EntropyDevice} is one for sources that keep their readers waiting.
 */
public final class RandomNumberDevice implements VirtioDevice {
  static final int ENTROPY_DEVICE = 4;
  private static final int LONGEST_ANSWER = 4096;

  private static final String NAME = "RandomNumberDevice";

  private final RandomGenerator source;
  private final PostedBuffers requests = new PostedBuffers(this::fill);

  /** {@code RandomNumberDevice SOCKET}: serves until a signal ends it. */
  public static void main(String[] arguments) {
    if (arguments.length != 1) {
      Example.exit(2, NAME, "usage: RandomNumberDevice SOCKET");
    }
    Path socket = Path.of(arguments[0]);
    try {
      Vertx vertx = NativeTransport.vertx(new VertxOptions());
      VhostUserServer server =
          VhostUserServer.create(vertx, new RandomNumberDevice(new SecureRandom()));
      server
          .listen(socket)
          .onSuccess(v -> Example.started(server, "An entropy source listens on " + socket))
          .onFailure(failure -> Example.exit(1, NAME, failure.getMessage()));
    } catch (IllegalStateException e) {
      Example.exit(1, NAME, e.getMessage());
    }
  }

  /** A device that takes its bytes from {@code source}. */
  public RandomNumberDevice(RandomGenerator source) {
    this.source = source;
  }

  @Override
  public int deviceType() {
    return ENTROPY_DEVICE;
  }

  @Override
  public String name() {
    return "rng";
  }

  @Override
  public int queueCount() {
    return 1;
  }

  @Override
  public QueueHandler queue(int index) {
    return requests;
  }

  private int fill(ChainWriter buffer) {
    int length = (int) Math.min(buffer.size(), LONGEST_ANSWER);
    for (int i = 0; i < length; i++) {
      buffer.writeByte((byte) source.nextInt());
    }
    return length;
  }
}
