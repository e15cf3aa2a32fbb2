package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.virtqueue.ChainWriter;
import java.nio.ByteBuffer;

/** From the host to the guest's buffers. A buffer is done when its room for audio is full (A48). */
final class InputTransfer extends Transfer {
  InputTransfer(SpscRing<StreamJob> outbox) {
    super(outbox);
  }

  @Override
  boolean move(AudioStream host, int frameBytes) throws AudioException {
    boolean any = false;
    IoMessage current = current();
    while (current != null && budget() > 0) {
      int before = current.doneBytes;
      boolean full = fill(host, current, frameBytes);
      current.chain().deliverFaults(); // or it would be returned as if its audio had arrived
      int captured = current.doneBytes - before;
      spend(captured);
      any |= full || captured > 0;
      if (!full) {
        break;
      }
      remove();
      finish(current, Status.OK, Math.max(0, host.latencyBytes()));
      current = current();
    }
    return any;
  }

  /** Fills one buffer with what the host has; true if it is full. */
  private boolean fill(AudioStream host, IoMessage message, int frameBytes) throws AudioException {
    ChainWriter writer = message.chain().writer();
    writer.skip(moveAhead(message));
    int stopAt = (int) Math.min(message.dataBytes, (long) message.doneBytes + budget());
    while (message.doneBytes < stopAt) {
      int rest = message.dataBytes - message.doneBytes;
      ByteBuffer room = writer.contiguous();
      int whole = wholeFrames(Math.min(room.remaining(), rest), frameBytes);
      int wanted = whole;
      int got;
      if (whole > 0) {
        int start = room.position();
        room.limit(start + whole);
        host.read(room);
        got = requireFrames(room.position() - start, frameBytes);
        writer.skip(got);
      } else {
        wanted = wholeFrames(Math.min(rest, staging.capacity()), frameBytes);
        staging.clear().limit(wanted);
        host.read(staging);
        got = requireFrames(staging.position(), frameBytes);
        writer.write(staging.flip());
      }
      message.doneBytes += got;
      if (got < wanted) {
        return false;
      }
    }
    return message.doneBytes == message.dataBytes;
  }

  @Override
  long nanosToWait(AudioStream host, PcmParameters parameters) {
    IoMessage current = current();
    return host.nanosToWait(current == null ? 0 : current.dataBytes - current.doneBytes);
  }

  @Override
  void loseBuffers() {
    super.loseBuffers();
    IoMessage current = current();
    if (current != null && current.doneBytes > 0) {
      failOldest();
    }
  }
}
