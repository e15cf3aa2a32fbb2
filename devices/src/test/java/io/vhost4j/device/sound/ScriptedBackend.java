package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A host whose audio does what the test says, byte by byte. */
final class ScriptedBackend implements AudioBackend {
  static final StreamCapabilities CAPABILITIES =
      new StreamCapabilities(
          SampleFormat.U8.mask() | SampleFormat.S16.mask() | SampleFormat.S24_3.mask(),
          SampleRate.HZ_44100.mask() | SampleRate.HZ_48000.mask(),
          1,
          6);

  private final boolean immediate;

  /** Every stream that was ever opened, in that order. */
  final List<ScriptedStream> opened = new ArrayList<>();

  /** If not null, the next calls of open fail with it. */
  volatile @Nullable String refusal;

  /** If not null, the next calls of open end with it. */
  volatile @Nullable Error error;

  /** Streams that are opened from now on fail at once. */
  volatile boolean failEveryStream;

  /** What the streams can take or give at first, in bytes. */
  volatile int initialRoom = Integer.MAX_VALUE;

  boolean closed;

  private final Gate opening = new Gate();

  /** Makes threads wait, and tells that one does. */
  private static final class Gate {
    private boolean isShut;
    private boolean someoneWaits;

    synchronized void shut() {
      isShut = true;
      someoneWaits = false;
    }

    synchronized void open() {
      isShut = false;
      notifyAll();
    }

    /** Those who wait go on waiting, others pass. */
    synchronized void openForOthers() {
      isShut = false;
    }

    synchronized void pass() {
      try {
        while (isShut) {
          someoneWaits = true;
          notifyAll();
          wait();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    synchronized void awaitSomeone() {
      try {
        while (!someoneWaits) {
          wait();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** The next open does not return until {@link #letOpen()}. */
  void holdOpen() {
    opening.shut();
  }

  void awaitOpening() {
    opening.awaitSomeone();
  }

  /** Who waits in open goes on waiting, others need not. */
  void letOthersOpen() {
    opening.openForOthers();
  }

  void letOpen() {
    opening.open();
  }

  ScriptedBackend(boolean immediate) {
    this.immediate = immediate;
  }

  static ScriptedBackend immediate() {
    return new ScriptedBackend(true);
  }

  static ScriptedBackend onWorkers() {
    return new ScriptedBackend(false);
  }

  /** One whose streams take nothing until there is room. */
  static ScriptedBackend withoutRoom(boolean immediate) {
    ScriptedBackend backend = new ScriptedBackend(immediate);
    backend.initialRoom = 0;
    return backend;
  }

  @Override
  public StreamCapabilities capabilities(Direction direction) {
    return CAPABILITIES;
  }

  /** What goes together. */
  volatile Predicate<PcmParameters> supported = parameters -> true;

  @Override
  public boolean supports(Direction direction, PcmParameters parameters) {
    return supported.test(parameters);
  }

  @Override
  public boolean isImmediate() {
    return immediate;
  }

  @Override
  public AudioStream open(
      int streamId, Direction direction, PcmParameters parameters, Runnable wake)
      throws AudioException {
    opening.pass();
    Error thrown = error;
    if (thrown != null) {
      throw thrown;
    }
    if (refusal != null) {
      throw new AudioException(refusal);
    }
    ScriptedStream stream = new ScriptedStream(streamId, parameters, wake, initialRoom);
    if (failEveryStream) {
      stream.fail("as the test wants it");
    }
    synchronized (opened) {
      opened.add(stream);
    }
    return stream;
  }

  /** The stream opened last. */
  ScriptedStream last() {
    synchronized (opened) {
      return opened.get(opened.size() - 1);
    }
  }

  int openCount() {
    synchronized (opened) {
      return opened.size();
    }
  }

  @Override
  public void close() {
    closed = true;
  }

  /** All methods but those of {@link AudioStream} may be called from any thread. */
  static final class ScriptedStream implements AudioStream {
    final int streamId;
    final PcmParameters parameters;
    final Runnable wake;
    private final ByteArrayOutputStream played = new ByteArrayOutputStream();
    private int room;
    private int pending;
    private boolean keeps;
    private boolean cutsFrames;
    private int chunk = Integer.MAX_VALUE;
    private byte[] source = {};
    private int given;
    private int latency;
    private long xruns;
    private @Nullable String failure;
    private @Nullable String startFailure;
    private @Nullable Throwable thrown;
    private boolean running;
    private boolean open = true;
    private int calls;
    final List<String> log = new ArrayList<>();

    ScriptedStream(int streamId, PcmParameters parameters, Runnable wake, int room) {
      this.streamId = streamId;
      this.parameters = parameters;
      this.wake = wake;
      this.room = room;
    }

    private final Gate writing = new Gate();

    /** The next write does not return until {@link #letWrite()}. */
    void holdWrite() {
      writing.shut();
    }

    void awaitWriting() {
      writing.awaitSomeone();
    }

    void letWrite() {
      writing.open();
    }

    /** Output: lets the host take so many bytes more, and wakes the device. */
    void makeRoom(int bytes) {
      synchronized (this) {
        room += bytes;
      }
      wake.run();
    }

    /** Output: from now on, bytes taken are pending until {@link #consume}. */
    synchronized void keepPending() {
      keeps = true;
    }

    /** Output: so many pending bytes have been played. */
    void consume(int bytes) {
      synchronized (this) {
        pending -= bytes;
      }
      wake.run();
    }

    /** The same without a wake. */
    synchronized void consumeSilently(int bytes) {
      pending -= bytes;
    }

    /** Breaks the rules: takes and gives one byte less than it should. */
    synchronized void cutFrames() {
      cutsFrames = true;
    }

    /** At most so many bytes are taken or given in one call. */
    synchronized void takeAtMost(int bytes) {
      chunk = bytes;
    }

    /** Input: what was captured. */
    void capture(byte[] bytes) {
      synchronized (this) {
        source = Rig.concat(source, bytes);
      }
      wake.run();
    }

    synchronized void latency(int bytes) {
      latency = bytes;
    }

    void xrun() {
      synchronized (this) {
        xruns++;
      }
      wake.run();
    }

    /** The next write or read fails. */
    void fail(String reason) {
      synchronized (this) {
        failure = reason;
      }
      wake.run();
    }

    /** The next write or read throws an unchecked exception or an error. */
    void fail(Throwable unchecked) {
      synchronized (this) {
        thrown = unchecked;
      }
      wake.run();
    }

    /** The next start fails. */
    synchronized void failStart(String reason) {
      startFailure = reason;
    }

    synchronized byte[] played() {
      return played.toByteArray();
    }

    synchronized boolean isRunning() {
      return running;
    }

    synchronized boolean isOpen() {
      return open;
    }

    synchronized int calls() {
      return calls;
    }

    private void called() throws AudioException {
      calls++;
      if (!open || !running) {
        throw new AssertionError("a stream that is not running was called");
      }
      Throwable unchecked = thrown;
      thrown = null;
      if (unchecked instanceof Error e) {
        throw e;
      }
      if (unchecked instanceof RuntimeException e) {
        throw e;
      }
      if (failure != null) {
        String reason = failure;
        failure = null;
        throw new AudioException(reason);
      }
    }

    @Override
    public synchronized void start() throws AudioException {
      log.add("start");
      if (startFailure != null) {
        throw new AudioException(startFailure);
      }
      running = true;
    }

    @Override
    public synchronized void stop() {
      log.add("stop");
      running = false;
    }

    @Override
    public void write(ByteBuffer frames) throws AudioException {
      writing.pass();
      LockSupport.unpark(Thread.currentThread()); // so that it does not sleep
      LockSupport.park(); // uses up a permit, as a lock in a backend may
      take(frames);
    }

    private synchronized void take(ByteBuffer frames) throws AudioException {
      called();
      if (frames.remaining() == 0 || frames.remaining() % parameters.frameBytes() != 0) {
        throw new AssertionError(frames.remaining() + " bytes are not whole frames");
      }
      int count = Math.min(Math.min(room, chunk), frames.remaining());
      count -= cutsFrames ? 1 : count % parameters.frameBytes();
      byte[] bytes = new byte[count];
      frames.get(bytes);
      played.write(bytes, 0, count);
      room -= count;
      if (keeps) {
        pending += count;
      }
    }

    @Override
    public synchronized void read(ByteBuffer frames) throws AudioException {
      called();
      if (frames.remaining() == 0 || frames.remaining() % parameters.frameBytes() != 0) {
        throw new AssertionError(frames.remaining() + " bytes are not whole frames");
      }
      int count = Math.min(Math.min(source.length - given, chunk), frames.remaining());
      count -= cutsFrames ? 1 : count % parameters.frameBytes();
      frames.put(source, given, count);
      given += count;
    }

    @Override
    public synchronized int pendingBytes() {
      return pending;
    }

    @Override
    public synchronized int latencyBytes() {
      return latency;
    }

    @Override
    public synchronized long xruns() {
      return xruns;
    }

    @Override
    public synchronized long nanosToWait(int bytes) {
      return chunk < Integer.MAX_VALUE && bytes > 0 && room > 0 ? 0 : Long.MAX_VALUE;
    }

    @Override
    public synchronized void close() {
      log.add("close");
      open = false;
    }
  }
}
