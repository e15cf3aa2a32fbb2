package io.vhost4j.device.console;

import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.queue.ByteRing;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.device.queue.ReadBuffers;
import io.vhost4j.event.NextTurn;
import io.vhost4j.nativeio.Terminal;
import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.ChainWriter;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One port: moves bytes between the driver's buffers and the host's end, as fast as the slower side
 * takes them. Event loop only.
 *
 * <p>A serial port loses nothing: a buffer waits until the host has taken it, and the driver behind
 * it. The driver of a console spins with a lock held until its buffer is back, so it cannot wait
 * for ever: as long as nobody is there the oldest output makes room for the newest, and a reader
 * that is too slow holds the driver up for a moment, after which he counts as nobody until he has
 * caught up (K5). Linux has buffers of 16 bytes, so to take one of them does not begin another
 * moment.
 */
final class ConsolePort implements PostedBuffers.Source, ReadBuffers.Sink {
  /** What is read at a time: a buffer of Linux. */
  private static final int INPUT_BYTES = 4096;

  /** What the driver's buffers may move, all together, before others get their turn. */
  private static final int BYTES_PER_TURN = 1 << 18;

  /** Who has taken so many is given the whole time anew. */
  private static final int PATIENCE_BYTES = 1024;

  private final int id;
  private final PortConfig config;
  private final HostEnd end;
  private final PostedBuffers receiveQueue = new PostedBuffers(this);
  private final ReadBuffers transmitQueue = new ReadBuffers(this);

  /** What the host has not taken yet. */
  private final ByteRing output;

  /** What was read of the host, and the driver has not got yet. */
  private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BYTES).limit(0);

  private @Nullable DeviceContext device;
  private @Nullable NextTurn nextTurn;

  /** Bytes that the driver's buffers may still move before that. */
  private int turnBytes = BYTES_PER_TURN;

  /** The driver has the port open. */
  private boolean driverOpen;

  /** Something waits for the reader, since then; in ns. */
  private boolean isWaiting;

  private long waitingSince;

  /** Bytes that he has taken since then. */
  private long takenSince;

  /** Looks whether that is too long. There is one at a time. */
  private boolean hasTimer;

  private boolean tooSlow;

  /* The event loop writes, meters read now and then. */
  private long inputBytes;
  private long outputBytes;
  private long lostBytes;

  ConsolePort(int id, PortConfig config, HostEnd end) {
    this.id = id;
    this.config = config;
    this.end = end;
    this.output = new ByteRing(config.keptBytes());
  }

  int id() {
    return id;
  }

  PortConfig config() {
    return config;
  }

  /** Bytes from the host to the guest. */
  long inputBytes() {
    return inputBytes;
  }

  /** Bytes of the guest, what was lost among them. */
  long outputBytes() {
    return outputBytes;
  }

  /** Bytes of the guest that newer ones pushed out before anybody took them. */
  long lostBytes() {
    return lostBytes;
  }

  PostedBuffers receiveQueue() {
    return receiveQueue;
  }

  ReadBuffers transmitQueue() {
    return transmitQueue;
  }

  HostEnd end() {
    return end;
  }

  Terminal.@Nullable Size size() {
    return end.size();
  }

  void connected(DeviceContext context) {
    device = context;
    nextTurn = new NextTurn(context.context(), this::move);
    end.guest(true);
  }

  void disconnected() {
    device = null;
    end.guest(false);
  }

  /** The driver has opened the port, or closed it. */
  void driverOpen(boolean open) {
    driverOpen = open;
    if (open) {
      receiveQueue.fill();
    }
  }

  /** Another driver begins. */
  void reset() {
    driverOpen = false;
    transmitQueue.reset();
  }

  /** Something has happened at the host's end, or others have had their turn. */
  void move() {
    turnBytes = BYTES_PER_TURN;
    flush();
    try {
      if (transmitQueue.isHolding()) {
        transmitQueue.resume();
      }
      if (driverOpen) {
        receiveQueue.fill();
      }
    } catch (InternalError e) {
      if (device != null) {
        device.fail("the frontend has cut its memory short");
      }
    }
    readAhead();
    if (input.remaining() == INPUT_BYTES) {
      end.full();
    }
  }

  // From the host to the driver

  /**
   * Reads what there is room for, also if the driver does not want it: only who reads learns that
   * the other end has gone, or wants to get away from a guest that does not listen.
   */
  private void readAhead() {
    if (input.remaining() < INPUT_BYTES) {
      input.compact();
      while (input.hasRemaining() && end.read(input) > 0) {
        // there may be more
      }
      input.flip();
    }
  }

  /** K4: not before the driver has opened the port, as Linux throws away what comes before. */
  @Override
  public int fill(ChainWriter buffer) {
    if (!driverOpen) {
      return 0;
    }
    if (!input.hasRemaining()) {
      readAhead();
    }
    int limit = input.limit();
    int count = (int) Math.min(buffer.size(), input.remaining());
    int next = input.position() + count;
    try {
      buffer.write(input.limit(next));
    } finally { // the memory may be gone, but part of them may have been seen there
      input.limit(limit).position(next);
    }
    inputBytes += count;
    return count;
  }

  // From the driver to the host

  @Override
  public boolean take(ChainReader buffer) {
    while (buffer.remaining() > 0) {
      if (turnBytes == 0) {
        Objects.requireNonNull(nextTurn).schedule();
        return false;
      }
      if (output.room() == 0) {
        if (mayHold()) {
          return false;
        }
        loseOldest(buffer);
      }
      int count = output.fill(buffer, turnBytes);
      turnBytes -= count;
      outputBytes += count;
      flush();
    }
    isWaiting &= takenSince < PATIENCE_BYTES;
    return true;
  }

  private boolean mayHold() {
    if (!config.isConsole()) {
      return true;
    }
    DeviceContext present = device;
    if (!end.isOpen() || tooSlow || present == null || config.patienceMillis() == 0) {
      return false;
    }
    if (!isWaiting) {
      isWaiting = true;
      waitingSince = System.nanoTime();
      takenSince = 0;
      lookIn(present, config.patienceMillis());
    }
    return true;
  }

  /** Not in the context of the queue, with which its timers end. */
  private void lookIn(DeviceContext present, long millis) {
    if (!hasTimer) {
      hasTimer = true;
      long unused = ((ContextInternal) present.context()).setTimer(millis, timer -> look());
    }
  }

  private void look() {
    hasTimer = false;
    DeviceContext present = device;
    if (!isWaiting) {
      return;
    }
    if (present == null || !transmitQueue.isHolding()) { // it rests, with its guest
      isWaiting = false;
      return;
    }
    long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - waitingSince);
    if (waited < config.patienceMillis()) { // it was another one that the timer was for
      lookIn(present, config.patienceMillis() - waited);
    } else {
      isWaiting = false;
      tooSlow = true;
      present
          .log()
          .warn(
              "port {}: who reads {} is too slow for a console, whose guest cannot wait: he loses"
                  + " the oldest output until he has caught up",
              id,
              config.where());
      move();
    }
  }

  /** Makes room for the newest bytes of a buffer, as many as are kept at all. */
  private void loseOldest(ChainReader buffer) {
    long skip = Math.max(0, buffer.remaining() - output.size()); // which is all that is kept
    buffer.skip(skip);
    int drop = (int) buffer.remaining();
    output.drop(drop);
    outputBytes += skip;
    lostBytes += drop + skip;
    isWaiting = false;
  }

  /** One byte more (K9): of a driver that has no other way to say what has gone wrong with it. */
  void emergency(byte value) {
    if (output.room() == 0) {
      output.drop(1);
      lostBytes++;
    }
    output.put(value);
    outputBytes++;
    flush();
  }

  /** The device is not needed any more. */
  void close() {
    flush();
    ByteBuffer rest = ByteBuffer.allocate(output.size());
    while (output.size() > 0) {
      ByteBuffer bytes = output.oldest();
      int count = bytes.remaining();
      rest.put(bytes);
      output.drop(count);
    }
    end.close(rest.flip());
  }

  private void flush() {
    while (output.size() > 0 && end.isOpen()) {
      ByteBuffer bytes = output.oldest();
      int before = bytes.position();
      end.write(bytes);
      int count = bytes.position() - before;
      output.drop(count);
      takenSince += count;
      if (bytes.hasRemaining() && count == 0) {
        return;
      }
    }
    if (output.size() == 0) { // he has caught up
      isWaiting = false;
      tooSlow = false;
    }
  }
}
