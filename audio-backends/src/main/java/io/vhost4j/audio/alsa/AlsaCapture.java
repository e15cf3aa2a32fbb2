package io.vhost4j.audio.alsa;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.PcmParameters;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A stream that records. libasound fills a buffer of ours and Java copies on into the guest's
 * memory, because memory that a guest takes away in mid-copy is an error in Java, but the end of
 * the process in libasound.
 */
final class AlsaCapture implements AudioStream {
  private final AlsaPcm pcm;
  private final int frameBytes;
  private final int ringFrames;
  private final Memory memory;
  private final long address;

  /** What was fetched from the device and not by the guest, between position and limit. */
  private final ByteBuffer fetched;

  private boolean running;
  private long xruns;
  private @Nullable AudioException lost;

  /** Takes over a PCM that is configured for {@code parameters}. */
  AlsaCapture(AlsaPcm pcm, PcmParameters parameters) {
    this.pcm = pcm;
    frameBytes = parameters.frameBytes();
    ringFrames = pcm.ringFrames();
    memory = new Memory((long) ringFrames * frameBytes);
    address = Pointer.nativeValue(memory);
    fetched = memory.getByteBuffer(0, memory.size()).limit(0);
  }

  @Override
  public void start() throws AudioException {
    check(pcm.start());
    running = true;
  }

  /** Stops the device; what it has captured until now is there for the guest after START. */
  @Override
  public void stop() throws AudioException {
    if (!running) {
      return;
    }
    fetched.compact();
    fetch(fetched.position(), fetched.remaining() / frameBytes);
    running = false;
    check(pcm.drop());
    check(pcm.prepare());
  }

  @Override
  public void read(ByteBuffer frames) throws AudioException {
    check(0);
    while (running) {
      int bytes = Math.min(frames.remaining(), fetched.remaining());
      frames.put(frames.position(), fetched, fetched.position(), bytes);
      frames.position(frames.position() + bytes);
      fetched.position(fetched.position() + bytes);
      int left = frames.remaining() / frameBytes;
      if (left == 0 || fetch(0, Math.min(left, ringFrames)) == 0) {
        return;
      }
    }
  }

  /** Moves up to so many frames from the device to {@code fetched}, and returns how many. */
  private int fetch(int offset, int frames) throws AudioException {
    int count = Math.min(availableFrames(), frames);
    check(0);
    long got = count == 0 ? 0 : pcm.read(address + offset, count);
    if (AlsaPcm.isXrun(got)) {
      restart(got);
      got = 0;
    }
    check(got == AlsaPcm.EAGAIN ? 0 : got);
    got = Math.max(0, got);
    fetched.position(0).limit(offset + (int) got * frameBytes);
    return (int) got;
  }

  private int availableFrames() {
    if (!running) {
      return 0;
    }
    long avail = pcm.avail();
    if (avail < 0) {
      restart(avail);
      return 0;
    }
    return (int) Math.min(avail, ringFrames);
  }

  /** The device has stopped by itself: starts it again, if it can. */
  private void restart(long error) {
    long result = error;
    if (AlsaPcm.isXrun(error)) {
      xruns++;
      result = pcm.prepare();
      if (result >= 0) {
        result = pcm.start();
      }
    }
    if (result < 0) {
      running = false;
      lost = pcm.lost(result);
    }
  }

  private void check(long result) throws AudioException {
    if (result < 0) {
      running = false;
      lost = pcm.lost(result);
    }
    if (lost != null) {
      throw lost;
    }
  }

  /** What was captured and not fetched, and what the device has before it. */
  @Override
  public int latencyBytes() {
    long frames = running ? pcm.delay() : 0;
    return (int) Math.min(frames * frameBytes + fetched.remaining(), Integer.MAX_VALUE);
  }

  @Override
  public long xruns() {
    return xruns;
  }

  /** Until the rest of the guest's buffer, or half a ring, has been captured. */
  @Override
  public long nanosToWait(int bytes) {
    if (lost != null) {
      return bytes > 0 ? 0 : Long.MAX_VALUE;
    }
    if (!running || bytes == 0) {
      return Long.MAX_VALUE;
    }
    int wanted = Math.min(bytes / frameBytes, (ringFrames + 1) / 2);
    int missing = wanted - fetched.remaining() / frameBytes - availableFrames();
    return missing <= 0 ? 0 : pcm.nanosToPoll(missing);
  }

  @Override
  public void close() {
    pcm.close();
    memory.close();
  }
}
