package io.vhost4j.device.sound.driver;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.device.sound.wire.ItemHeader;
import io.vhost4j.device.sound.wire.PcmInfo;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.QueryInfo;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.SoundConfigSpace;
import io.vhost4j.vhostuser.frontend.FrontendMemory;
import io.vhost4j.vhostuser.frontend.FrontendOptions;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.vhostuser.frontend.QueueSetup;
import io.vhost4j.vhostuser.frontend.VhostUserFrontend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Plays and records through a vhost-user sound device as the Linux driver would, without a guest.
 *
 * <pre>{@code
 * SoundDriver.connect(context, Path.of("/tmp/snd.sock"))
 *     .compose(card -> card.transfer(0, parameters, port).onComplete(result -> card.close()));
 * }</pre>
 *
 * <p>Methods may be called by any thread; futures complete on the event loop of the context.
 */
public final class SoundDriver {
  private static final int CONTROL = 0;
  private static final int TX = 2;
  private static final int RX = 3;

  private static final long FEATURES =
      VirtioFeature.VERSION_1 | VirtioFeature.INDIRECT_DESC | VirtioFeature.EVENT_IDX;
  private static final long MEMORY_BYTES = 64L << 20;
  private static final int MAX_STREAMS = 128;

  private final Context context;
  private final VhostUserFrontend frontend;
  private final FrontendMemory memory;
  private final ControlLine control;
  private final AudioLine tx;
  private final AudioLine rx;
  private final List<StreamInfo> streams = new ArrayList<>();
  private final Map<Integer, BufferArea> areas = new HashMap<>();

  private SoundDriver(
      Context context,
      VhostUserFrontend frontend,
      FrontendMemory memory,
      List<FrontendQueue> queues)
      throws IOException {
    this.context = context;
    this.frontend = frontend;
    this.memory = memory;
    control = new ControlLine(queues.get(CONTROL), memory);
    tx = new AudioLine(queues.get(TX));
    rx = new AudioLine(queues.get(RX));
    frontend.closed().onSuccess(this::lost);
  }

  /**
   * Connects to the device that listens at {@code socket}, starts its queues and reads what streams
   * it has.
   *
   * @param context has the epoll transport, see {@link io.vhost4j.event.NativeTransport}
   * @return fails with an {@link IOException} that says what happened
   */
  public static Future<SoundDriver> connect(Context context, Path socket) {
    return connect(context, socket, 256);
  }

  /**
   * As {@link #connect(Context, Path)}.
   *
   * @param queueSize entries of each ring; QEMU has 64
   */
  public static Future<SoundDriver> connect(Context context, Path socket, int queueSize) {
    FrontendMemory memory;
    try {
      memory = FrontendMemory.create(MEMORY_BYTES);
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
    QueueSetup setup = QueueSetup.of(queueSize);
    return VhostUserFrontend.connect(context, socket, FrontendOptions.DEFAULT)
        .compose(
            frontend ->
                frontend
                    .start(FEATURES, memory, setup, setup, setup, setup)
                    .compose(queues -> open(context, frontend, memory, queues))
                    .onFailure(e -> frontend.close()))
        .onFailure(e -> memory.close());
  }

  private static Future<SoundDriver> open(
      Context context,
      VhostUserFrontend frontend,
      FrontendMemory memory,
      List<FrontendQueue> queues) {
    try {
      SoundDriver driver = new SoundDriver(context, frontend, memory, queues);
      return frontend
          .getConfig(0, SoundConfigSpace.SIZE)
          .compose(bytes -> driver.query(new SoundConfigSpace().wrap(bytes, 0).streams()))
          .map(driver);
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
  }

  private Future<Void> query(int count) {
    if (count < 0 || count > MAX_STREAMS) {
      return Future.failedFuture(
          new IOException("the device has " + Integer.toUnsignedString(count) + " streams"));
    }
    return control
        .send(
            "PCM_INFO",
            QueryInfo.SIZE,
            request ->
                new QueryInfo()
                    .wrap(request, 0)
                    .code(RequestCode.PCM_INFO)
                    .startId(0)
                    .count(count)
                    .recordSize(PcmInfo.SIZE),
            count * PcmInfo.SIZE)
        .map(
            reply -> {
              for (int id = 0; id < count; id++) {
                streams.add(info(id, new PcmInfo().wrap(reply, id * PcmInfo.SIZE)));
              }
              return null;
            });
  }

  private static StreamInfo info(int id, PcmInfo info) {
    return new StreamInfo(
        id,
        info.direction() == 0 ? Direction.OUTPUT : Direction.INPUT,
        info.features(),
        new StreamCapabilities(
            info.formats(), info.rates(), info.channelsMin(), info.channelsMax()));
  }

  /** The streams of the device, by id. */
  public List<StreamInfo> streams() {
    return List.copyOf(streams);
  }

  /** The id of the first stream of a direction, -1 if the device has none. */
  public int firstStream(Direction direction) {
    return streams.stream()
        .filter(stream -> stream.direction() == direction)
        .mapToInt(StreamInfo::id)
        .findFirst()
        .orElse(-1);
  }

  /**
   * Plays or records: sets the parameters, prepares, hands out the buffers, starts, goes on until
   * the port wants no more, stops and releases.
   *
   * @param stream id of the stream, whose direction decides
   * @param parameters format and sizes
   * @param port source or sink of the audio
   * @return what came of it; fails with an {@link IOException} if the device refuses
   */
  public Future<TransferResult> transfer(int stream, PcmParameters parameters, AudioPort port) {
    return onLoop(
        () -> {
          StreamInfo info = streams.get(stream);
          AudioLine line = info.direction() == Direction.OUTPUT ? tx : rx;
          PcmTransfer transfer =
              new PcmTransfer(line, info, parameters, area(stream, parameters), port);
          return setParameters(stream, parameters)
              .compose(done -> command(RequestCode.PCM_PREPARE, stream))
              .onSuccess(done -> transfer.fill())
              .compose(done -> command(RequestCode.PCM_START, stream))
              .compose(done -> transfer.started())
              .compose(
                  result ->
                      command(RequestCode.PCM_STOP, stream)
                          .compose(done -> command(RequestCode.PCM_RELEASE, stream))
                          .map(result));
        });
  }

  private BufferArea area(int stream, PcmParameters parameters) {
    long slots = parameters.bufferBytes() / parameters.periodBytes();
    long size = slots * PcmTransfer.bytesPerBuffer(parameters);
    BufferArea area = areas.get(stream);
    if (area == null || area.size() < size) {
      area = new BufferArea(memory, memory.allocate(size, Long.BYTES), size);
      areas.put(stream, area);
    }
    return area;
  }

  private Future<ByteBuffer> setParameters(int stream, PcmParameters parameters) {
    return control.send(
        "PCM_SET_PARAMS",
        PcmSetParams.SIZE,
        request ->
            new PcmSetParams()
                .wrap(request, 0)
                .streamId(stream)
                .bufferBytes(parameters.bufferBytes())
                .periodBytes(parameters.periodBytes())
                .features(0)
                .channels(parameters.channels())
                .format(parameters.format().ordinal())
                .rate(parameters.rate().ordinal())
                .padding(0),
        0);
  }

  private Future<ByteBuffer> command(RequestCode code, int stream) {
    return control.send(
        code.name(),
        ItemHeader.SIZE,
        request -> new ItemHeader().wrap(request, 0).code(code).id(stream),
        0);
  }

  /** Disconnects and releases the memory. */
  public Future<Void> close() {
    return frontend.close().onComplete(done -> memory.close());
  }

  private void lost(String reason) {
    IOException failure = new IOException("the device is gone: " + reason);
    control.fail("the device is gone: " + reason);
    tx.fail(failure);
    rx.fail(failure);
  }

  private interface Action<T> {
    Future<T> run();
  }

  private <T> Future<T> onLoop(Action<T> action) {
    Promise<T> promise = Promise.promise();
    context.runOnContext(
        v -> {
          try {
            action.run().onComplete(promise);
          } catch (RuntimeException e) {
            promise.fail(e);
          }
        });
    return promise.future();
  }
}
