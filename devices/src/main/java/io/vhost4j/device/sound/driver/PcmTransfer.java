package io.vhost4j.device.sound.driver;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.wire.PcmXfer;
import io.vhost4j.device.sound.wire.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Audio on its way in one direction: as many buffers as the guest's ring of audio has periods, each
 * handed out again as soon as it comes back. Allocates nothing per buffer. Event loop only.
 *
 * <pre>
 * a buffer in memory:  | stream id 4 | audio, up to a period | status 4, latency 4 |
 * </pre>
 */
final class PcmTransfer {
  private final AudioLine line;
  private final Direction direction;
  private final AudioPort port;
  private final long[] addresses;
  private final ByteBuffer[] buffers;
  private final int[] lengths;
  private final Promise<TransferResult> done = Promise.promise();

  private int inFlight;
  private long startedAt;
  private long bytes;
  private long returned;
  private long failed;
  private long maxLatency;

  /**
   * @param area where the buffers lie
   */
  PcmTransfer(
      AudioLine line,
      StreamInfo stream,
      PcmParameters parameters,
      BufferArea area,
      AudioPort port) {
    this.line = line;
    this.direction = stream.direction();
    this.port = port;
    int slots = parameters.bufferBytes() / parameters.periodBytes();
    addresses = new long[slots];
    buffers = new ByteBuffer[slots];
    lengths = new int[slots];
    int size = bytesPerBuffer(parameters);
    for (int slot = 0; slot < slots; slot++) {
      addresses[slot] = area.address() + (long) slot * size;
      buffers[slot] = Objects.requireNonNull(area.memory().memory().slice(addresses[slot], size));
      buffers[slot].putInt(0, stream.id());
    }
  }

  /** Bytes of memory that one buffer takes. */
  static int bytesPerBuffer(PcmParameters parameters) {
    return PcmXfer.HEADER_SIZE + parameters.periodBytes() + PcmXfer.STATUS_SIZE;
  }

  /** Hands out all buffers, of a stream that is prepared. */
  void fill() {
    for (int slot = 0; slot < buffers.length; slot++) {
      submit(slot);
    }
    line.publish();
  }

  /** The stream has been started; completes when the port wants no more and all is back. */
  Future<TransferResult> started() {
    startedAt = System.nanoTime();
    finishIfDone();
    return done.future();
  }

  private void submit(int slot) {
    ByteBuffer buffer = buffers[slot];
    buffer.clear().position(PcmXfer.HEADER_SIZE).limit(buffer.capacity() - PcmXfer.STATUS_SIZE);
    int length = port.next(buffer);
    if (length == 0) {
      return;
    }
    lengths[slot] = length;
    if (line.add(this, slot, addresses[slot], length, direction)) {
      inFlight++;
    } else {
      fail(new IOException("the ring is too small for the buffers of all streams"));
    }
  }

  /** A buffer came back; {@code written} bytes of it the device says to have written. */
  void returned(int slot, long written) {
    inFlight--;
    returned++;
    ByteBuffer buffer = buffers[slot].clear();
    int status = PcmXfer.HEADER_SIZE + lengths[slot];
    if (buffer.getInt(status) != Status.OK.code()) {
      failed++;
    }
    maxLatency =
        Math.max(maxLatency, Integer.toUnsignedLong(buffer.getInt(status + Integer.BYTES)));
    long moved = direction == Direction.INPUT ? written - PcmXfer.STATUS_SIZE : lengths[slot];
    int audio = (int) Math.max(0, Math.min(moved, lengths[slot]));
    bytes += audio;
    buffer.position(PcmXfer.HEADER_SIZE).limit(PcmXfer.HEADER_SIZE + audio);
    port.returned(buffer);
    submit(slot);
    finishIfDone();
  }

  private void finishIfDone() {
    if (inFlight == 0 && startedAt != 0) {
      done.tryComplete(
          new TransferResult(bytes, returned, failed, maxLatency, System.nanoTime() - startedAt));
    }
  }

  void fail(Throwable reason) {
    done.tryFail(reason);
  }
}
