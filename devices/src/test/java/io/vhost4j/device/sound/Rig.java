package io.vhost4j.device.sound;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.ItemHeader;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.QueryInfo;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.MemoryCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;

/**
 * The real sound device with real rings in shared memory; the test is the driver, and the event
 * loop's thread.
 */
final class Rig implements AutoCloseable {
  private static final long QUEUE_BYTES = 16L << 20;
  private static final int QUEUE_SIZE = 256;

  /** S16 stereo at 48 kHz, four periods of 1024 bytes: 4 bytes a frame. */
  static final PcmParameters CD =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4096, 1024);

  final ManualLoop loop = new ManualLoop();
  final SoundDevice device;
  final TestQueue control;
  final TestQueue event;
  final TestQueue tx;
  final TestQueue rx;
  private final int lastInMemory;

  /** The system has no threads left. */
  boolean noThreads;

  private final int fd;
  private final GuestMemory memory;

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
    this.lastInMemory = lastInMemory;
    device = new SoundDevice(config, backend, loop::forDevice, loop::nanoTime, this::newThread);
    fd = MemoryCalls.createMemoryFile("sound-test"); // not sealed, see truncate()
    MemoryCalls.truncate(fd, 4 * QUEUE_BYTES);
    memory = GuestMemory.map(List.of(new MemoryRegion(0, 4 * QUEUE_BYTES, 0x7000_0000L, 0)), fd);
    connect();
    control = queue(0);
    event = queue(1);
    tx = queue(2);
    rx = queue(3);
    for (TestQueue queue : queues()) {
      queue.start();
    }
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

  private TestQueue queue(int index) {
    long start = (index + 3 - lastInMemory) % 4 * QUEUE_BYTES;
    return new TestQueue(
        index, device.queue(index), memory, start, start + QUEUE_BYTES, QUEUE_SIZE);
  }

  List<TestQueue> queues() {
    return List.of(control, event, tx, rx);
  }

  void connect() {
    device.connected(
        new DeviceContext() {
          @Override
          public Context context() {
            throw new UnsupportedOperationException();
          }

          @Override
          public void configChanged() {}

          @Override
          public void fail(String reason) {
            loop.fail(reason);
          }
        });
  }

  /** Cuts the memory short: the buffers of the last queue are gone, its ring is not. */
  void truncate() throws IOException {
    MemoryCalls.truncate(fd, 3 * QUEUE_BYTES + TestQueue.ringBytes(QUEUE_SIZE));
  }

  /** What the engine does when the frontend goes away or resets the device. */
  void stopAndReset() {
    List<Future<Void>> stops = new ArrayList<>();
    for (TestQueue queue : queues()) {
      if (queue.isRunning()) {
        stops.add(queue.stop());
      }
    }
    loop.await(() -> stops.stream().allMatch(Future::isComplete));
    for (Future<Void> stop : stops) {
      if (stop.failed()) {
        throw new AssertionError(stop.cause());
      }
    }
    Future<Void> reset = device.reset();
    loop.await(reset::isComplete);
    queues().forEach(TestQueue::reset);
  }

  @Override
  public void close() throws IOException {
    stopAndReset();
    device.disconnected();
    Future<Void> closed = device.close();
    loop.await(closed::isComplete);
    memory.release();
    MemoryCalls.closeFile(fd);
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
