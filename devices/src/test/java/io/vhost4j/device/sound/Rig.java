package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.ItemHeader;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.QueryInfo;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;

/**
 * The real sound device behind the real engine, with real rings in shared memory: the in-process
 * transport. The test is the driver; what the device leaves for later, and what time it is, is the
 * test's to say.
 */
final class Rig implements AutoCloseable {
  private static final long QUEUE_BYTES = 16L << 20;
  private static final int QUEUE_SIZE = 256;

  /** Where rings begin: their indices pass 65535 soon. */
  private static final int START_INDEX = 65530;

  /** S16 stereo at 48 kHz, four periods of 1024 bytes: 4 bytes a frame. */
  static final PcmParameters CD =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4096, 1024);

  static final SoundDeviceConfig TWO_OUTPUTS =
      SoundDeviceConfig.builder().stream(new StreamConfig(Direction.OUTPUT)).stream(
              new StreamConfig(Direction.OUTPUT))
          .build();

  private static final Vertx VERTX =
      NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));

  final ManualLoop loop = new ManualLoop();
  final SoundDevice device;
  final TestQueue control;
  final TestQueue event;
  final TestQueue tx;
  final TestQueue rx;
  final InProcessGuest guest;

  /** The system has no threads left. */
  boolean noThreads;

  /** Whether the end of the connection, or of a ring, is what the test wants. */
  boolean mayFail;

  Rig(AudioBackend backend) throws Exception {
    this(SoundDeviceConfig.standard(), backend);
  }

  Rig(SoundDeviceConfig config, AudioBackend backend) throws Exception {
    this(config, backend, 3);
  }

  /**
   * @param lastInMemory index of the queue whose buffers are the last in guest memory
   */
  Rig(SoundDeviceConfig config, AudioBackend backend, int lastInMemory) throws Exception {
    device = new SoundDevice(config, backend, loop::forDevice, loop::nanoTime, this::newThread);
    control = new TestQueue(device.queue(0), loop);
    event = new TestQueue(device.queue(1), loop);
    tx = new TestQueue(device.queue(2), loop);
    rx = new TestQueue(device.queue(3), loop);
    guest = InProcessGuest.create(VERTX, observed(), 4 * QUEUE_BYTES);
    loop.runsBy(guest::run);
    for (int i = 0; i < queues().size(); i++) {
      long start = (i + 3 - lastInMemory) % 4 * QUEUE_BYTES;
      queues().get(i).attach(guest.queue(i, start, QUEUE_BYTES, QUEUE_SIZE, START_INDEX));
    }
    for (TestQueue queue : queues()) {
      queue.start();
    }
  }

  /** The device, with each queue's handler seen through. */
  private VirtioDevice observed() {
    return (VirtioDevice)
        Proxy.newProxyInstance(
            Rig.class.getClassLoader(),
            new Class<?>[] {VirtioDevice.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("queue")) {
                return queues().get((Integer) arguments[0]);
              }
              try {
                return method.invoke(device, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private Thread newThread(Runnable task) {
    return new Thread(task) {
      @Override
      public synchronized void start() {
        if (noThreads) {
          throw new OutOfMemoryError("unable to create native thread");
        }
        super.start();
      }
    };
  }

  List<TestQueue> queues() {
    return List.of(control, event, tx, rx);
  }

  /** Cuts the memory short: the buffers of the last queue are gone, its ring is not. */
  void truncate() throws IOException {
    truncateBehind(0);
  }

  /** As {@link #truncate()}, but for the first bytes of the buffers. */
  void truncateBehind(long bytes) throws IOException {
    mayFail = true;
    guest.truncate(3 * QUEUE_BYTES + GuestQueue.ringBytes(QUEUE_SIZE) + bytes);
  }

  /** The memory is there again. */
  void extend() throws IOException {
    guest.truncate(4 * QUEUE_BYTES);
  }

  /** The frontend goes away. */
  void disconnect() throws Exception {
    await(guest.disconnect());
    queues().forEach(TestQueue::reset);
  }

  /** The frontend comes again; its queues do not run. */
  void connect() throws Exception {
    guest.connect();
  }

  /** The engine stops all queues and resets the device. */
  void stopAndReset() throws Exception {
    for (TestQueue queue : queues()) {
      if (queue.isRunning()) {
        await(queue.stop());
      }
    }
    await(guest.reset());
    queues().forEach(TestQueue::reset);
  }

  private void await(Future<Void> future) {
    loop.await(future::isComplete);
    if (future.failed()) {
      throw new AssertionError(future.cause());
    }
  }

  @Override
  public void close() throws Exception {
    await(guest.end());
    guest.release();
    if (!mayFail && !(guest.broken().isEmpty() && guest.disconnects().isEmpty())) {
      throw new AssertionError("broken: " + guest.broken() + ", " + guest.disconnects());
    }
  }

  // Requests ----------------------------------------------------------------------------------

  static byte[] le32(int... words) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int word : words) {
      bytes.putInt(word);
    }
    return bytes.array();
  }

  static byte[] item(RequestCode code, int id) {
    ByteBuffer bytes = ByteBuffer.allocate(ItemHeader.SIZE);
    new ItemHeader().wrap(bytes, 0).code(code).id(id);
    return bytes.array();
  }

  static byte[] query(RequestCode code, int start, int count, int size) {
    ByteBuffer bytes = ByteBuffer.allocate(QueryInfo.SIZE);
    new QueryInfo().wrap(bytes, 0).code(code).startId(start).count(count).recordSize(size);
    return bytes.array();
  }

  static byte[] setParams(int stream, PcmParameters parameters, int features) {
    ByteBuffer bytes = ByteBuffer.allocate(PcmSetParams.SIZE);
    new PcmSetParams()
        .wrap(bytes, 0)
        .streamId(stream)
        .bufferBytes(parameters.bufferBytes())
        .periodBytes(parameters.periodBytes())
        .features(features)
        .channels(parameters.channels())
        .format(parameters.format().value())
        .rate(parameters.rate().value());
    return bytes.array();
  }

  /** Sends a control request and waits for its reply. */
  Used request(byte[] request, int room) throws Exception {
    return request(request, room, Integer.MAX_VALUE);
  }

  Used request(byte[] request, int room, int pieceBytes) throws Exception {
    int before = control.used.size();
    int head = control.send(request, room, pieceBytes);
    loop.await(() -> control.used.size() > before);
    guest.run(() -> {}); // buffers that are back by now are told of when the loop is done
    Used reply = control.used.get(control.used.size() - 1);
    if (reply.head() != head) {
      throw new AssertionError("a reply to another request");
    }
    return reply;
  }

  Status setParams(int stream, PcmParameters parameters) throws Exception {
    return status(request(setParams(stream, parameters, 0), 4));
  }

  Status command(RequestCode code, int stream) throws Exception {
    return status(request(item(code, stream), 4));
  }

  private static Status status(Used reply) {
    return Objects.requireNonNull(Status.of(reply.status()));
  }

  Status prepare(int stream) throws Exception {
    return command(RequestCode.PCM_PREPARE, stream);
  }

  Status start(int stream) throws Exception {
    return command(RequestCode.PCM_START, stream);
  }

  Status stop(int stream) throws Exception {
    return command(RequestCode.PCM_STOP, stream);
  }

  Status release(int stream) throws Exception {
    return command(RequestCode.PCM_RELEASE, stream);
  }

  /** SET_PARAMS and PREPARE. */
  void prepared(int stream, PcmParameters parameters) throws Exception {
    requireOk(setParams(stream, parameters));
    requireOk(prepare(stream));
  }

  /** SET_PARAMS, PREPARE and START. */
  void started(int stream, PcmParameters parameters) throws Exception {
    prepared(stream, parameters);
    requireOk(start(stream));
  }

  private static void requireOk(Status status) {
    if (status != Status.OK) {
      throw new AssertionError(status);
    }
  }

  /** Plays: one tx message. */
  int play(int stream, byte[] audio) throws Exception {
    return tx.send(message(stream, audio), 8);
  }

  /** A readable part of a tx message. */
  static byte[] message(int stream, byte[] audio) {
    return ByteBuffer.allocate(4 + audio.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(stream)
        .put(audio)
        .array();
  }

  /** Records: one rx message with room for so many bytes. */
  int record(int stream, int bytes) throws Exception {
    return rx.send(le32(stream), bytes + 8);
  }

  /** Bytes that are different for each seed and at each place. */
  static byte[] audio(int seed, int bytes) {
    byte[] audio = new byte[bytes];
    new Random(seed).nextBytes(audio);
    return audio;
  }

  static byte[] concat(byte[]... parts) {
    ByteBuffer all = ByteBuffer.allocate(Stream.of(parts).mapToInt(p -> p.length).sum());
    for (byte[] part : parts) {
      all.put(part);
    }
    return all.array();
  }

  /** Heads of the messages that a queue has returned, in their order. */
  static List<Integer> heads(TestQueue queue) {
    return queue.used.stream().map(Used::head).toList();
  }

  static Direction opposite(Direction direction) {
    return direction == Direction.OUTPUT ? Direction.INPUT : Direction.OUTPUT;
  }
}
