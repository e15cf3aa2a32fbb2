package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import java.util.concurrent.ThreadFactory;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Makes the executor's side of a stream, in the way that the backend needs it. */
final class StreamLauncher {
  private final int streamId;
  private final Direction direction;
  private final String label;
  private final AudioBackend backend;
  private final Supplier<EventLoop> loop;
  private final LongSupplier nanoTime;
  private final ThreadFactory threads;

  /**
   * A launcher for one stream.
   *
   * @param label names the stream in thread dumps
   * @param loop that of the connection
   * @param threads makes the thread of a stream whose backend may wait
   */
  StreamLauncher(
      int streamId,
      Direction direction,
      String label,
      AudioBackend backend,
      Supplier<EventLoop> loop,
      LongSupplier nanoTime,
      ThreadFactory threads) {
    this.streamId = streamId;
    this.direction = direction;
    this.label = label;
    this.backend = backend;
    this.loop = loop;
    this.nanoTime = nanoTime;
    this.threads = threads;
  }

  /** Whether the backend can do parameters that are inside its capabilities all together. */
  boolean supports(PcmParameters parameters) {
    return backend.supports(direction, parameters);
  }

  /**
   * Makes an engine and what drives it.
   *
   * @param drain to be run on the event loop when something is in the outbox
   */
  StreamExecutor launch(SpscRing<StreamJob> inbox, SpscRing<StreamJob> outbox, Runnable drain) {
    EventLoop current = loop.get();
    HostStream host = new HostStream(current.log(), backend, streamId, direction, nanoTime);
    Transfer transfer =
        direction == Direction.OUTPUT ? new OutputTransfer(outbox) : new InputTransfer(outbox);
    StreamEngine engine = new StreamEngine(inbox, outbox, transfer, host, direction, nanoTime);
    StreamExecutor executor =
        backend.isImmediate()
            ? new LoopExecutor(engine, drain, current, nanoTime)
            : new WorkerExecutor(engine, drain, current, threads, label);
    host.wakeBy(executor::wake);
    return executor;
  }
}
