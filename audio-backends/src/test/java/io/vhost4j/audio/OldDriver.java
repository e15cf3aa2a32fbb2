package io.vhost4j.audio;

import java.nio.ByteBuffer;

/**
 * A Linux guest whose driver is older than 6.7, and the sound device behind it: the driver queues
 * the buffer of a period again as soon as it is back, and only then the program writes what is to
 * be played from it. Here the program is a look late.
 */
public final class OldDriver {
  private final AudioStream stream;
  private final int periodBytes;
  private final int bufferBytes;
  private final int soundBytes;
  private final ByteBuffer sound;
  private final ByteBuffer memory;

  /** Bytes ever written by the program, queued, handed to the stream, and back. */
  private long written;

  private long queued;
  private long handed;
  private long returned;

  /**
   * The program has filled the buffer.
   *
   * @param sound whole periods; silence follows
   */
  public OldDriver(AudioStream stream, PcmParameters parameters, byte[] sound) {
    this.stream = stream;
    periodBytes = parameters.periodBytes();
    bufferBytes = parameters.bufferBytes();
    soundBytes = sound.length;
    this.sound = ByteBuffer.wrap(sound);
    memory = ByteBuffer.allocateDirect(bufferBytes);
    queued = bufferBytes;
    write();
  }

  /** The buffers go to and fro; false if all of the sound is back. */
  public boolean look() throws AudioException {
    write();
    long consumed = handed - stream.pendingBytes();
    while (returned + periodBytes <= consumed) {
      returned += periodBytes;
      queued += periodBytes;
    }
    handOver();
    return returned < soundBytes;
  }

  /** The program fills all that came back until the last look. */
  private void write() {
    for (; written < returned + bufferBytes; written += periodBytes) {
      int at = (int) (written % bufferBytes);
      for (int i = 0; i < periodBytes; i++) {
        memory.put(at + i, sound.hasRemaining() ? sound.get() : 0);
      }
    }
  }

  private void handOver() throws AudioException {
    int taken = -1;
    while (handed < queued && taken != 0) {
      int at = (int) (handed % bufferBytes);
      memory.limit((int) Math.min(bufferBytes, at + queued - handed)).position(at);
      stream.write(memory);
      taken = memory.position() - at;
      memory.clear();
      handed += taken;
    }
  }

  /** Bytes that are queued and not handed over, of one period at most. */
  public int next() {
    return (int) Math.min(periodBytes, queued - handed);
  }
}
