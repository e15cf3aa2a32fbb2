package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vhost4j.audio.Direction;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.sound.wire.PcmXfer;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tx or the rx queue: gives each buffer to its stream, and back to the driver when the stream
 * is done with it (A44 to A53). Event loop only; allocates nothing while audio flows.
 */
final class IoQueue implements QueueHandler {
  private final Direction direction;
  private final List<PcmStream> streams;
  private final DeviceCounters counters;
  private final ArrayDeque<IoMessage> free = new ArrayDeque<>();

  /** While the queue stops: messages that their streams are not done with. */
  private final List<IoMessage> withdrawn = new ArrayList<>();

  private @Nullable DeviceQueue queue;
  private boolean inBatch;
  private int taken;

  /** The queue has started, and its streams go on when they have the buffers that are there. */
  private boolean resuming;

  /**
   * A queue that has not started.
   *
   * @param direction that of the streams whose buffers come here
   * @param streams all streams of the device by id; filled before the queue starts
   */
  IoQueue(Direction direction, List<PcmStream> streams, DeviceCounters counters) {
    this.direction = direction;
    this.streams = streams;
    this.counters = counters;
  }

  @Override
  public void started(DeviceQueue running) {
    queue = running;
    free.clear();
    for (int i = 0; i < running.size(); i++) {
      free.add(new IoMessage(this));
    }
    resuming = true;
  }

  @Override
  public void available(DeviceQueue running) throws VirtqueueException {
    inBatch = true;
    try {
      for (DescriptorChain chain = running.next(); chain != null; chain = running.next()) {
        take(running, chain);
      }
    } finally {
      for (int id = 0; id < streams.size(); id++) {
        PcmStream stream = streams.get(id);
        if (stream.direction() == direction && resuming) {
          stream.port().resume();
        } else if (stream.direction() == direction) {
          stream.port().flush();
        }
      }
      resuming = false;
      inBatch = false;
    }
  }

  /**
   * Takes the buffers that the driver added before a command: a START finds them there, and a
   * RELEASE returns them.
   */
  void catchUp() {
    DeviceQueue running = queue;
    if (running == null) {
      return;
    }
    try {
      available(running);
    } catch (VirtqueueException e) {
      // The engine knows, and stops this ring. The command is for a stream, which goes on.
    }
    running.flush();
  }

  private void take(DeviceQueue running, DescriptorChain chain) {
    if (chain.writer().size() < PcmXfer.STATUS_SIZE) {
      counters.strayBuffer();
      running.complete(chain, 0);
      return;
    }
    PcmStream stream = streamOf(running, chain);
    if (stream == null || !stream.takesBuffers()) {
      counters.strayBuffer();
      giveBack(running, chain, 0, Status.IO_ERR, 0);
      return;
    }
    IoMessage message = free.remove();
    int bytes = audioBytes(chain, stream.frameBytes());
    message.begin(
        taken++, chain, stream, bytes < 0 ? Status.IO_ERR : Status.OK, Math.max(bytes, 0));
    if (message.dataBytes == 0 && stream.port().outstanding() == 0) {
      completed(message);
    } else {
      stream.port().submit(message); // even if it has no audio: it keeps its place (A53)
    }
  }

  /** The stream that the header names, if it is one of this queue. */
  private @Nullable PcmStream streamOf(DeviceQueue running, DescriptorChain chain) {
    if (chain.reader().size() < PcmXfer.HEADER_SIZE) {
      return null;
    }
    int id;
    try {
      id = chain.reader().readInt();
      chain.deliverFaults();
    } catch (InternalError e) {
      running.complete(chain, 0); // the frontend has cut its memory short
      throw e;
    }
    if (id < 0 || id >= streams.size()) {
      return null;
    }
    PcmStream stream = streams.get(id);
    return stream.direction() == direction ? stream : null;
  }

  /** Bytes of audio in a buffer or of room for it; -1 if the buffer is not as it must be. */
  private int audioBytes(DescriptorChain chain, int frameBytes) {
    boolean isOutput = direction == Direction.OUTPUT;
    long inReadable = chain.reader().remaining();
    long inWritable = chain.writer().size() - PcmXfer.STATUS_SIZE;
    long audio = isOutput ? inReadable : inWritable;
    long misplaced = isOutput ? inWritable : inReadable;
    boolean isRight =
        misplaced == 0
            && audio <= Integer.MAX_VALUE - PcmXfer.STATUS_SIZE
            && audio % frameBytes == 0;
    return isRight ? (int) audio : -1;
  }

  /** A stream gives a buffer back: it goes to the driver, or into the ring if it is withdrawn. */
  void returned(IoMessage message) {
    if (message.withdrawn) {
      withdrawn.add(message);
    } else {
      completed(message);
    }
  }

  private void completed(IoMessage message) {
    DescriptorChain chain = message.chain();
    PcmStream stream = message.stream();
    stream.counters().buffer(message.status, message.doneBytes, stream.frameBytes());
    message.end();
    free.add(message);
    DeviceQueue running = queue;
    if (running != null) {
      // Linux looks at the length alone: at a part it would lose its place in the buffer (A45).
      boolean counts = direction == Direction.INPUT && message.status == Status.OK;
      int captured = counts ? message.doneBytes : 0;
      giveBack(running, chain, captured, message.status, message.latencyBytes);
    }
  }

  private static void giveBack(
      DeviceQueue running, DescriptorChain chain, int captured, Status status, int latencyBytes) {
    ChainWriter writer = chain.writer();
    try {
      writer.position(writer.size() - PcmXfer.STATUS_SIZE);
      writer.writeInt(status.code());
      writer.writeInt(latencyBytes);
      chain.deliverFaults();
    } finally { // the memory may be gone, but the ring wants its chain back
      running.complete(chain, captured + PcmXfer.STATUS_SIZE);
    }
  }

  /** Tells the driver of what was completed, unless the engine is about to. */
  void flush() {
    DeviceQueue running = queue;
    if (running != null && !inBatch) {
      running.flush();
    }
  }

  @Override
  public Future<Void> stop(DeviceQueue running) {
    List<Future<Void>> suspended = new ArrayList<>();
    for (PcmStream stream : streams) {
      if (stream.direction() == direction) {
        suspended.add(stream.port().suspend());
      }
    }
    return Future.join(suspended)
        .<Void>mapEmpty()
        .onComplete(
            all -> {
              leaveWithdrawn(running);
              queue = null;
            });
  }

  /**
   * Leaves withdrawn buffers in the ring, so that a guest that was only paused goes on as if
   * nothing had been. Those that were taken before a buffer of another stream which is back already
   * cannot be left: they fail, unless the host has all of their audio.
   */
  private void leaveWithdrawn(DeviceQueue running) {
    withdrawn.sort(IoMessage::newestFirst);
    int left = 0;
    while (left < withdrawn.size() && running.putBack(withdrawn.get(left).chain())) {
      IoMessage message = withdrawn.get(left++);
      message.stream().port().putBack(message.doneBytes);
      message.end();
      free.add(message);
    }
    for (int i = withdrawn.size() - 1; i >= left; i--) {
      IoMessage message = withdrawn.get(i);
      if (message.doneBytes < message.dataBytes) {
        message.status = Status.IO_ERR;
      }
      try {
        completed(message);
      } catch (InternalError e) {
        // The memory is gone, but the ring has its chain back.
      }
    }
    withdrawn.clear();
  }
}
