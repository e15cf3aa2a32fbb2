package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.virtqueue.ChainReader;
import java.nio.ByteBuffer;

/**
 * From the guest's buffers to the host. A buffer is done when the host has consumed its last byte
 * (A47): positions count bytes, {@code handed} those the host has ever taken and {@code consumed}
 * those that have left its ring.
 */
final class OutputTransfer extends Transfer {
  /** The clock of the host's device is not ours: do not look for the end of a buffer too often. */
  private static final long SHORTEST_LOOK_NANOS = 500_000;

  private long handed;
  private long consumed;

  OutputTransfer(SpscRing<StreamJob> outbox) {
    super(outbox);
  }

  @Override
  boolean move(AudioStream host, int frameBytes) throws AudioException {
    long before = handed;
    long stopAt = handed + budget();
    IoMessage current = current();
    while (current != null && handed < stopAt) {
      boolean all = handOver(host, current, frameBytes, stopAt);
      current.chain().deliverFaults(); // or it could be noticed too late that it was not its audio
      if (!all) {
        break;
      }
      current.end = handed - ahead();
      advance();
      current = current();
    }
    spend(handed - before);
    consumed = handed - Math.max(0, host.pendingBytes());
    return returnConsumed(host) || handed != before;
  }

  /** Hands over what the host takes of one buffer; true if it took the rest of it. */
  private boolean handOver(AudioStream host, IoMessage message, int frameBytes, long stopAt)
      throws AudioException {
    ChainReader reader = message.chain().reader();
    reader.skip(moveAhead(message));
    while (message.doneBytes < message.dataBytes && handed < stopAt) {
      boolean staged = staging.hasRemaining();
      ByteBuffer frames = staged ? staging : reader.contiguous();
      int whole = wholeFrames(frames.remaining(), frameBytes);
      if (whole == 0) {
        stage(reader, message.dataBytes - message.doneBytes, frameBytes);
        continue;
      }
      int start = frames.position();
      frames.limit(start + whole);
      host.write(frames);
      int taken = requireFrames(frames.position() - start, frameBytes);
      if (!staged) {
        reader.skip(taken);
      }
      message.doneBytes += taken;
      handed += taken;
      if (taken < whole) {
        return false;
      }
    }
    return message.doneBytes == message.dataBytes;
  }

  private void stage(ChainReader reader, int rest, int frameBytes) {
    staging.clear().limit(wholeFrames(Math.min(rest, staging.capacity()), frameBytes));
    reader.read(staging);
    staging.flip();
  }

  private boolean returnConsumed(AudioStream host) {
    boolean any = false;
    IoMessage oldest = handedOver();
    while (oldest != null && oldest.end - consumed <= 0) {
      remove();
      finish(oldest, Status.OK, latencyBehind(oldest, host));
      any = true;
      oldest = handedOver();
    }
    return any;
  }

  /**
   * How far the end of a buffer is from the air, in bytes (A46). The driver adds what it has not
   * got back, so that what the host took after this buffer does not count.
   */
  private int latencyBehind(IoMessage message, AudioStream host) {
    return (int) Math.max(0, host.latencyBytes() - (handed - message.end));
  }

  @Override
  long nanosToWait(AudioStream host, PcmParameters parameters) {
    IoMessage current = current();
    long wait = host.nanosToWait(current == null ? 0 : current.dataBytes - current.doneBytes);
    IoMessage playing = handedOver();
    if (playing == null) {
      return wait;
    }
    long heard = Math.max(SHORTEST_LOOK_NANOS, parameters.nanosOf(playing.end - consumed));
    return Math.min(wait, heard);
  }

  @Override
  void loseBuffers() {
    super.loseBuffers();
    while (handedOver() != null) {
      failOldest();
    }
    IoMessage current = current();
    if (current != null && current.doneBytes > 0) {
      failOldest();
    }
  }
}
