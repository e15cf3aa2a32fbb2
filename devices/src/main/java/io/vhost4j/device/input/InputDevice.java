package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.EV_LED;
import static io.vhost4j.device.input.Codes.EV_SND;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A virtio input device (VIRTIO 5.8): gives a driver the events of a keyboard, mouse, touch screen
 * or the like, and takes its lights and sounds. While the event queue does not run, the host's
 * events are not asked for.
 */
public final class InputDevice implements VirtioDevice {
  static final int DEVICE_TYPE = 18;

  private final String name;
  private final InputHost host;
  private final DeviceConfig config;
  private final EventFrames frames;
  private final QueueHandler events = new EventQueue();
  private final QueueHandler status = this::takeStatus;

  private @Nullable DeviceContext context;

  /** Events of the driver, for meters. */
  private long statusEvents;

  /**
   * @param name names the device in log lines and meters
   * @param host closed with the device
   */
  InputDevice(String name, InputHost host) {
    this.name = name;
    this.host = host;
    this.config = InputConfigSpace.of(host.description());
    this.frames = new EventFrames(host.description());
  }

  /**
   * An event device of the host. One that is unplugged later is waited for. Blocks.
   *
   * @param name names the device in log lines and meters
   * @param path {@code /dev/input/eventN}, or a link to it that stays with the device
   * @param grab whether other programs shall not have its events while a driver has them
   * @throws DeviceException if it cannot be had; the message says what to do
   */
  public static InputDevice ofEventDevice(String name, Path path, boolean grab)
      throws DeviceException {
    return new InputDevice(name, EvdevHost.open(path, grab));
  }

  /**
   * A device that plays a file in the format of {@code evemu-record} to each driver, from its first
   * event on, and then what is added to it. Blocks.
   *
   * @param name names the device in log lines and meters
   * @param loop whether it begins again at the end, a second later
   * @throws DeviceException if the file cannot be read, or is no recording
   */
  public static InputDevice ofRecording(String name, Path file, boolean loop)
      throws DeviceException {
    return new InputDevice(name, new RecordingHost(Recording.open(file), loop));
  }

  private final class EventQueue implements QueueHandler {
    @Override
    public void started(DeviceQueue queue) {
      frames.queue().started(queue);
      host.start(context(), frames);
    }

    @Override
    public void available(DeviceQueue queue) throws VirtqueueException {
      frames.queue().available(queue);
    }

    @Override
    public Future<Void> stop(DeviceQueue queue) {
      host.stop();
      return frames.queue().stop(queue);
    }
  }

  private DeviceContext context() {
    return Objects.requireNonNull(context, "there is no frontend");
  }

  /** N7. */
  private void takeStatus(DeviceQueue queue) throws VirtqueueException {
    for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
      ChainReader reader = chain.reader();
      if (reader.remaining() >= EventFrames.EVENT_SIZE) {
        int type = Short.toUnsignedInt(reader.readShort());
        int code = Short.toUnsignedInt(reader.readShort());
        int value = reader.readInt();
        chain.deliverFaults();
        statusEvents++;
        if ((type == EV_LED || type == EV_SND) && host.description().has(type, code)) {
          host.output(context(), type, code, value);
        } // Linux sends back what it was given of EV_MSC, and its own EV_REP
      }
      queue.complete(chain, 0);
    }
  }

  InputDescription description() {
    return host.description();
  }

  EventFrames frames() {
    return frames;
  }

  long statusEvents() {
    return statusEvents;
  }

  long losses() {
    return host.losses();
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
    return 2;
  }

  @Override
  public DeviceConfig config() {
    return config;
  }

  @Override
  public QueueHandler queue(int index) {
    return index == 0 ? events : status;
  }

  @Override
  public void connected(DeviceContext connection) {
    context = connection;
    frames.connected(connection);
  }

  @Override
  public Future<Void> reset() {
    host.reset();
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> close() {
    return host.close();
  }
}
