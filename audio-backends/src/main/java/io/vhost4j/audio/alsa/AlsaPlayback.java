package io.vhost4j.audio.alsa;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.PcmParameters;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A stream that plays. Frames are copied once, from the guest's memory into a history as long as
 * the device's ring, and from there libasound takes them. The detour has two reasons: memory that a
 * guest takes away in mid-copy is an error in Java, but the end of the process in libasound; and
 * the history still has what {@link #stop()} takes out of the ring, so that a pause neither loses
 * nor repeats a frame on any device, whether it can pause by itself or not.
 *
 * <p>No more than half of the guest's buffer is copied ahead, or two periods of the device if these
 * are more. Linux before 6.7 queues the buffer of a period again when it comes back, and only then
 * the guest's program writes into it: what is copied at once is the sound before.
 */
final class AlsaPlayback implements AudioStream {
  /** A device that says more is not believed, because the guest waits for it. */
  private static final long MAX_TAIL_NANOS = 5_000_000_000L;

  private final AlsaPcm pcm;
  private final int frameBytes;
  private final int periodFrames;
  private final int ringFrames;

  /** The most frames in the ring. */
  private final int mostFrames;

  private final Memory memory;
  private final long address;
  private final ByteBuffer history;

  /** Where in the history the next frame goes. */
  private int next;

  /** Frames in the ring, as of the last look. */
  private int queued;

  /** When the last frame that left the ring is in the air, by {@link System#nanoTime()}. */
  private long tailEnds = System.nanoTime();

  private long written;
  private boolean started;
  private boolean running;

  /** The ring ran dry: the device has stopped by itself and must be prepared for more. */
  private boolean dry;

  /** That was after START. It is the end of the sound, or an xrun if more comes before STOP. */
  private boolean gap;

  private long xruns;
  private @Nullable AudioException lost;

  /** Takes over a PCM that is configured for {@code parameters}. */
  AlsaPlayback(AlsaPcm pcm, PcmParameters parameters) {
    this.pcm = pcm;
    frameBytes = parameters.frameBytes();
    periodFrames = Math.max(1, parameters.periodBytes() / frameBytes);
    ringFrames = pcm.ringFrames();
    int half = parameters.bufferBytes() / frameBytes / 2;
    mostFrames = Math.min(ringFrames, Math.max(half, 2 * pcm.periodFrames()));
    memory = new Memory((long) ringFrames * frameBytes);
    address = Pointer.nativeValue(memory);
    history = memory.getByteBuffer(0, memory.size());
  }

  /** Starts the device at once, or with the next frame if its ring is empty. */
  @Override
  public void start() throws AudioException {
    started = true;
    runIfFilled();
  }

  /** Takes out of the ring what is not played yet and queues it for the next START. */
  @Override
  public void stop() throws AudioException {
    look();
    started = false;
    gap = false;
    if (!running) {
      return;
    }
    int unplayed = queued;
    running = false;
    queued = 0;
    check(pcm.drop());
    check(pcm.prepare());
    int from = Math.floorMod(next - unplayed, ringFrames);
    int toEnd = Math.min(unplayed, ringFrames - from);
    if (queue(from, toEnd) == toEnd) {
      queue(0, unplayed - toEnd);
    }
  }

  @Override
  public void write(ByteBuffer frames) throws AudioException {
    look();
    check(0);
    int left = Math.min(mostFrames - queued, frames.remaining() / frameBytes);
    if (dry && left > 0) {
      check(pcm.prepare());
      dry = false;
      xruns += gap ? 1 : 0;
      gap = false;
    }
    while (left > 0) {
      int chunk = Math.min(left, ringFrames - next);
      history.put(next * frameBytes, frames, frames.position(), chunk * frameBytes);
      int taken = queue(next, chunk);
      frames.position(frames.position() + taken * frameBytes);
      next = (next + taken) % ringFrames;
      written += taken;
      left = taken < chunk ? 0 : left - taken;
    }
    runIfFilled();
  }

  /** Gives the device frames of the history and returns how many it took. */
  private int queue(int from, int frames) throws AudioException {
    if (frames == 0) {
      return 0;
    }
    long taken = pcm.write(address + (long) from * frameBytes, frames);
    if (taken == AlsaPcm.EAGAIN) {
      return 0;
    }
    if (AlsaPcm.isXrun(taken)) {
      halt(taken);
      taken = 0;
    }
    check(taken);
    queued += (int) taken;
    return (int) taken;
  }

  private void runIfFilled() throws AudioException {
    if (started && !running && queued > 0) {
      check(pcm.start());
      running = true;
    }
  }

  /**
   * The fill of the ring. When it is empty, the last frame counts as pending until it is in the
   * air: the guest stops the stream as soon as it has its last buffer back, and what the device has
   * behind its ring by then would be cut off.
   */
  @Override
  public int pendingBytes() {
    look();
    return queued > 0 ? queued * frameBytes : tailNanos() > 0 ? frameBytes : 0;
  }

  private long tailNanos() {
    return tailEnds - System.nanoTime();
  }

  /** Brings {@code queued} up to date. */
  private void look() {
    if (!running) {
      return;
    }
    long avail = pcm.avail();
    int fill = avail < 0 ? 0 : (int) Math.max(0, ringFrames - avail);
    if (fill == 0 && queued > 0) {
      tailEnds = System.nanoTime() + Math.min(MAX_TAIL_NANOS, pcm.nanosOf(pcm.delay()));
    }
    queued = fill;
    if (avail < 0) {
      halt(avail);
    }
  }

  /** The device has stopped by itself. */
  private void halt(long error) {
    running = false;
    queued = 0;
    if (AlsaPcm.isXrun(error)) {
      dry = true;
      gap = started;
    } else {
      lose(error);
    }
  }

  private void lose(long error) {
    running = false;
    queued = 0;
    tailEnds = System.nanoTime();
    lost = pcm.lost(error);
  }

  private void check(long result) throws AudioException {
    if (result < 0) {
      lose(result);
    }
    if (lost != null) {
      throw lost;
    }
  }

  /** The fill of the ring and what the device has behind it. */
  @Override
  public int latencyBytes() {
    long frames = running ? pcm.delay() : queued;
    return (int) Math.min(frames * frameBytes, Integer.MAX_VALUE);
  }

  @Override
  public long xruns() {
    return xruns;
  }

  /**
   * Until there is room for the bytes, or until another of the guest's periods has been played,
   * whichever is sooner.
   */
  @Override
  public long nanosToWait(int bytes) {
    look();
    int room = mostFrames - queued;
    int wanted = Math.min(bytes / frameBytes, (mostFrames + 1) / 2);
    if (wanted > 0 && (wanted <= room || lost != null)) {
      return 0;
    }
    if (queued == 0) {
      long tail = tailNanos();
      return tail > 0 ? tail : Long.MAX_VALUE;
    }
    if (!running) {
      return Long.MAX_VALUE;
    }
    long frames = periodFrames - (written - queued) % periodFrames;
    return pcm.nanosToPoll(wanted > 0 ? Math.min(frames, wanted - room) : frames);
  }

  @Override
  public void close() {
    pcm.close();
    memory.close();
  }
}
