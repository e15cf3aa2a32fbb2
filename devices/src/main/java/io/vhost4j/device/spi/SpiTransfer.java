package io.vhost4j.device.spi;

import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.ChainWriter;
import java.nio.ByteBuffer;

/**
 * A transfer: a copy of what the driver writes, and room for what is read meanwhile. Of one thread
 * at a time, and used over and over.
 */
final class SpiTransfer {
  private static final int FIRST_BYTES = 4096;

  private int length;
  private boolean writes;
  private boolean reads;
  private int mode;
  private int hertz;
  private int bitsPerWord;
  private int linesToWrite;
  private int linesToRead;
  private ByteBuffer written = ByteBuffer.allocateDirect(FIRST_BYTES);
  private ByteBuffer read = ByteBuffer.allocateDirect(FIRST_BYTES);

  /** Whether it has been made. */
  private boolean done;

  /** Becomes what a request asks for, which has been checked. */
  void become(SpiRequest request, ChainReader source, long room) {
    done = false;
    mode = request.mode();
    hertz = request.hertz();
    bitsPerWord = request.bitsPerWord();
    linesToWrite = request.linesToWrite();
    linesToRead = request.linesToRead();
    writes = source.remaining() > 0;
    reads = room > 0;
    length = (int) Math.max(source.remaining(), room);
    if (length > written.capacity()) {
      int larger = Math.max(2 * written.capacity(), length);
      written = ByteBuffer.allocateDirect(larger);
      read = ByteBuffer.allocateDirect(larger);
    }
    source.read(written.limit((int) source.remaining()).position(0));
  }

  int length() {
    return length;
  }

  /** What is written, if {@link #writes()}: a direct buffer. */
  ByteBuffer written() {
    return written.clear();
  }

  /** For what is read, if {@link #reads()}: a direct buffer. */
  ByteBuffer read() {
    return read.clear();
  }

  boolean writes() {
    return writes;
  }

  boolean reads() {
    return reads;
  }

  /** With the bits of a {@link SpiRequest}. */
  int mode() {
    return mode;
  }

  int hertz() {
    return hertz;
  }

  int bitsPerWord() {
    return bitsPerWord;
  }

  int linesToWrite() {
    return linesToWrite;
  }

  int linesToRead() {
    return linesToRead;
  }

  void done(boolean hasBeenMade) {
    done = hasBeenMade;
  }

  boolean done() {
    return done;
  }

  /** Gives the driver what was read. */
  void copyTo(ChainWriter reply) {
    if (reads) {
      reply.write(read.limit(length).position(0));
    }
  }
}
