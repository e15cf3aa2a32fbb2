package io.vhost4j.audio;

import java.nio.ByteBuffer;

/**
 * One prepared stream of a backend. Only the stream's executor calls it. No method waits for time
 * to pass: a stream takes or gives what the host has room or data for and says when to come again.
 *
 * <p>{@link #write(ByteBuffer)} and {@link #read(ByteBuffer)} are called only between {@link
 * #start()} and {@link #stop()}, and allocate nothing. Their buffers may lie in the guest's memory,
 * which a guest can take away at any moment: accessed by methods of ByteBuffer that is an exception
 * which the caller deals with, but native code that read there would end the process. Copy first.
 */
public interface AudioStream extends AutoCloseable {
  /** Begins or goes on to play or capture. */
  void start() throws AudioException;

  /** Pauses: what the stream holds is kept for the next {@link #start()} or dropped at close. */
  void stop() throws AudioException;

  /**
   * Output: hands over frames.
   *
   * @param frames whole frames between position and limit; the position advances by what was taken,
   *     a whole number of frames
   * @throws AudioException if the host's audio is lost; the frames are returned with IO_ERR
   */
  default void write(ByteBuffer frames) throws AudioException {
    throw new AudioException("the stream does not play");
  }

  /**
   * Input: fetches captured frames.
   *
   * @param frames room for whole frames between position and limit; the position advances by what
   *     was captured, a whole number of frames
   * @throws AudioException if the host's audio is lost
   */
  default void read(ByteBuffer frames) throws AudioException {
    throw new AudioException("the stream does not record");
  }

  /**
   * Output: how many of the bytes that {@code write} took are not yet consumed: in the host's ring,
   * or taken from it in advance and not yet due. A guest's buffer is returned when its last byte
   * has been consumed (A47), and the guest takes that for the position of the sound. 0 for backends
   * that take no more than they consume.
   */
  default int pendingBytes() {
    return 0;
  }

  /**
   * How far the stream is from the sound in the air, now, as bytes of audio (A46). Output: the time
   * until the next frame that {@code write} takes is heard, so that {@link #pendingBytes()} are
   * part of it. Input: the time since the next frame that {@code read} gives was heard. Never
   * negative.
   */
  int latencyBytes();

  /** Underruns or overruns since the stream was opened. */
  long xruns();

  /**
   * When to call {@code write} or {@code read} again if nothing else happens. Asked whenever the
   * guest has run out of buffers, too: with 0 bytes, which is how streams without hardware tell an
   * underrun, which is the guest's, from a call that came late, which is the host's.
   *
   * @param bytes what the guest has to play next, or room for what it wants recorded next: the rest
   *     of its current buffer, in bytes; 0 if it has none
   * @return nanoseconds from now, 0 or less for at once, {@link Long#MAX_VALUE} to wait for new
   *     buffers or a wake
   */
  long nanosToWait(int bytes);

  /** Ends the stream; what was not played is dropped. */
  @Override
  void close();
}
