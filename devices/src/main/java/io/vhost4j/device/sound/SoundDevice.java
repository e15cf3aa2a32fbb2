package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.sound.wire.SoundConfigSpace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A virtio sound device (VIRTIO 5.14): jacks, PCM streams and channel maps as configured, the
 * streams played and recorded by an audio backend. It offers no feature of its type (A2).
 *
 * <p>Every method of {@link VirtioDevice} is for the event loop; {@link #setJackConnected} may be
 * called from anywhere.
 */
public final class SoundDevice implements VirtioDevice {
  /* Type and queues (A1). */
  static final int DEVICE_TYPE = 25;
  private static final int CONTROL_QUEUE = 0;
  private static final int EVENT_QUEUE = 1;
  private static final int TX_QUEUE = 2;
  private static final int RX_QUEUE = 3;
  private static final int QUEUES = 4;

  private final String name;
  private final AudioBackend backend;
  private final Function<DeviceContext, EventLoop> loops;
  private final LongSupplier nanoTime;
  private final ThreadFactory threads;

  private final DeviceConfig config = new DeviceConfig(SoundConfigSpace.SIZE);
  private final DeviceCounters counters = new DeviceCounters();
  private final Jacks jacks;
  private final List<PcmStream> streams;
  private final List<ChannelMap> channelMaps;

  private final QueueHandler controlQueue;
  private final EventSource events;
  private final IoQueue txQueue;
  private final IoQueue rxQueue;

  /** That of the frontend that is connected. */
  private volatile @Nullable EventLoop loop;

  /**
   * A device, which owns the backend and closes it in {@link #close()}.
   *
   * <p>May block, as backends ask the host what they can do: not for an event loop.
   *
   * @throws AudioException if the host's audio is not to be had, or can do nothing of what a stream
   *     is to offer; the backend is then left to the caller
   */
  public SoundDevice(SoundDeviceConfig config, AudioBackend backend) throws AudioException {
    this(config, backend, VertxLoop::new, System::nanoTime, Thread::new);
  }

  /** With a loop, a clock and threads of the caller's. */
  SoundDevice(
      SoundDeviceConfig config,
      AudioBackend backend,
      Function<DeviceContext, EventLoop> loops,
      LongSupplier nanoTime,
      ThreadFactory threads)
      throws AudioException {
    this.name = config.name();
    this.backend = backend;
    backend.deviceName(name);
    this.loops = loops;
    this.nanoTime = nanoTime;
    this.threads = threads;
    this.jacks = new Jacks(config.jacks());
    List<PcmStream> all = new ArrayList<>();
    this.streams = Collections.unmodifiableList(all);
    this.events = new EventSource(jacks, id -> all.get(id).isInXrun());
    this.txQueue = new IoQueue(Direction.OUTPUT, streams, counters);
    this.rxQueue = new IoQueue(Direction.INPUT, streams, counters);
    for (StreamConfig stream : config.streams()) {
      all.add(createStream(all.size(), stream));
    }
    this.channelMaps = config.channelMaps().orElseGet(() -> ChannelMaps.fitting(streams, backend));
    new SoundConfigSpace()
        .wrap(this.config.bytes(), 0)
        .jacks(jacks.count())
        .streams(streams.size())
        .chmaps(channelMaps.size());
    this.controlQueue = new ControlRequests(jacks, streams, channelMaps, counters).queue();
  }

  private PcmStream createStream(int id, StreamConfig config) throws AudioException {
    Direction direction = config.direction();
    StreamLauncher launcher =
        new StreamLauncher(
            id, direction, name + "-" + id, backend, this::requireLoop, nanoTime, threads);
    return new PcmStream(
        id,
        config,
        config.narrow(backend.capabilities(id, direction)),
        launcher,
        ioQueue(direction),
        events,
        reason -> failed(id, reason));
  }

  private void failed(int streamId, Throwable reason) {
    EventLoop current = loop;
    if (current == null) {
      return;
    }
    if (reason instanceof InternalError) {
      current.fail("stream " + streamId + ": the frontend has cut its memory short");
    } else {
      current.log().error("stream {} failed in a way that must not be", streamId, reason);
      current.fail("stream " + streamId + ": " + reason);
    }
  }

  private IoQueue ioQueue(Direction direction) {
    return direction == Direction.OUTPUT ? txQueue : rxQueue;
  }

  private EventLoop requireLoop() {
    return Objects.requireNonNull(loop, "no frontend is connected");
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
    return QUEUES;
  }

  @Override
  public int maxQueueSize() {
    return StreamPort.MAX_OUTSTANDING;
  }

  @Override
  public DeviceConfig config() {
    return config;
  }

  @Override
  public QueueHandler queue(int index) {
    return switch (index) {
      case CONTROL_QUEUE -> controlQueue;
      case EVENT_QUEUE -> events.queue();
      case TX_QUEUE -> txQueue;
      case RX_QUEUE -> rxQueue;
      default -> throw new IndexOutOfBoundsException("a sound device has no queue " + index);
    };
  }

  @Override
  public void connected(DeviceContext context) {
    events.reset();
    loop = loops.apply(context);
  }

  @Override
  public Future<Void> reset() {
    jacks.reset();
    events.reset();
    return Future.join(streams.stream().map(PcmStream::reset).toList()).mapEmpty();
  }

  @Override
  public void disconnected() {
    EventLoop current = loop;
    loop = null;
    if (current != null) {
      current.close();
    }
  }

  /** Closes the backend: at once if it never waits, else on a thread made for it. */
  @Override
  public Future<Void> close() {
    Promise<Void> closed = Promise.promise();
    if (backend.isImmediate()) {
      close(closed);
      return closed.future();
    }
    Thread closer = threads.newThread(() -> close(closed));
    closer.setName(name + "-close");
    closer.setDaemon(true);
    try {
      closer.start();
    } catch (OutOfMemoryError e) { // the system has no thread left: better to wait than to leak
      close(closed);
    }
    return closed.future();
  }

  private void close(Promise<Void> closed) {
    try {
      backend.close();
      closed.complete();
    } catch (RuntimeException e) {
      closed.fail(e);
    }
  }

  /** Number of jacks. */
  public int jackCount() {
    return jacks.count();
  }

  /**
   * Plugs something into a jack or out of it; the driver is told if it listens (A26). Any thread.
   *
   * @param jack id of the jack, its place in the configuration
   * @throws IndexOutOfBoundsException if there is no such jack
   */
  public void setJackConnected(int jack, boolean connected) {
    EventLoop current = loop;
    if (jacks.setConnected(jack, connected) && current != null) {
      current.newTask(() -> events.jackChanged(jack)).request();
    }
  }

  /**
   * What a stream offers to the driver.
   *
   * @param stream id of the stream, its place in the configuration
   * @throws IndexOutOfBoundsException if there is no such stream
   */
  public StreamCapabilities capabilities(int stream) {
    return streams.get(stream).capabilities();
  }

  DeviceCounters counters() {
    return counters;
  }

  List<PcmStream> streams() {
    return streams;
  }
}
