package io.vhost4j.device.sound;

import io.vhost4j.device.sound.wire.Status;

/**
 * What a stream has counted. Plain fields: the event loop writes, meters read now and then.
 *
 * <p>Frames are counted with the frame size of the parameters in force when the buffer ended.
 */
final class StreamCounters {
  private long buffers;
  private long bytes;
  private long frames;
  private long ioErrors;
  private long xruns;

  /** A buffer has ended. */
  void buffer(Status status, int doneBytes, int frameBytes) {
    buffers++;
    bytes += doneBytes;
    frames += frameBytes == 0 ? 0 : doneBytes / frameBytes;
    if (status != Status.OK) {
      ioErrors++;
    }
  }

  void xruns(long count) {
    xruns += count;
  }

  long buffers() {
    return buffers;
  }

  long bytes() {
    return bytes;
  }

  long frames() {
    return frames;
  }

  long ioErrors() {
    return ioErrors;
  }

  long xruns() {
    return xruns;
  }
}
