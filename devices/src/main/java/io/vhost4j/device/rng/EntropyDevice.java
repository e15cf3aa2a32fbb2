package io.vhost4j.device.rng;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.LoopTask;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.queue.PostedBuffers;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/**
 * A virtio entropy device (VIRTIO 5.4): gives the bytes of a file, most likely a device such as
 * {@code /dev/urandom}, to a driver.
 *
 * <p>Bytes go out in the order in which they are read, each one once, and none that was not read
 * (R4). A source that has run dry or fails is asked again after a second, one that waits is waited
 * for: the driver's buffer is held meanwhile, as Linux never asks again for a buffer that comes
 * back empty (R2). What a buffer has to read is skipped, and one without room goes back (R3).
 */
public final class EntropyDevice implements VirtioDevice {
  static final int DEVICE_TYPE = 4;

  private final String name;
  private final SourceReader source;
  private final PostedBuffers requests;

  /**
   * A device that reads from a file when a driver asks. To open or to read the file may block, so
   * both is left to a thread, which ends when the device is closed.
   *
   * @param name names the device in log lines and meters
   * @param path the source; a regular file is read once, from its beginning to its end, and what is
   *     added to it
   * @param maxBytes bytes that are given in each period at most, above 0
   * @param period length of a period, which begins with the first byte that is asked for in it
   * @throws IOException if the file is not there, or cannot be read by this process, or there is no
   *     thread to be had
   * @throws IllegalArgumentException if a limit is not above 0
   */
  public EntropyDevice(String name, Path path, long maxBytes, Duration period) throws IOException {
    this(name, reader(new Quota(maxBytes, period, System::nanoTime), path));
  }

  /** A device that has its source with others. */
  EntropyDevice(String name, SourceReader source) {
    this.name = name;
    this.source = source;
    this.requests = new PostedBuffers(source);
  }

  private static SourceReader reader(Quota quota, Path path) throws IOException {
    return Objects.requireNonNull(EntropySource.of(path).reader(quota), "nobody has closed it");
  }

  @Override
  public int deviceType() {
    return DEVICE_TYPE;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int queueCount() {
    return 1;
  }

  @Override
  public QueueHandler queue(int index) {
    return requests;
  }

  @Override
  public void connected(DeviceContext context) {
    source.whenRead(new LoopTask(context, requests::fill));
  }

  @Override
  public Future<Void> close() {
    source.close();
    return Future.succeededFuture();
  }
}
