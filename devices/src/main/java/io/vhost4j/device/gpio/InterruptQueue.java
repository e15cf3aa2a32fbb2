package io.vhost4j.device.gpio;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.LoopTask;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The event queue: a buffer in it stands for a line whose interrupt is not masked, and comes back
 * as VALID when that happens, which masks it (G5). Of the edges while it is masked one is kept; a
 * level is looked at anew with each buffer. A buffer for a line whose interrupt is not enabled, and
 * the second for a line, come back as INVALID (G6, G7, G9).
 *
 * <p>Linux takes no notice of a refused type, and puts a buffer that is INVALID into the ring again
 * at once, for ever. So a buffer for a line whose type was refused is held until it has another.
 *
 * <p>A ring that stops keeps the buffers that it can (F8); the others come back INVALID, and Linux
 * puts them into the ring again. Event loop only; allocates nothing for an interrupt.
 */
final class InterruptQueue implements QueueHandler {
  private static final int INVALID = 0;
  private static final int VALID = 1;

  /** What there is to know of a line's interrupt. */
  private static final class Line {
    final int number;
    InterruptType type = InterruptType.NONE;
    boolean refused;

    /** An edge has come that the driver was not told of. */
    boolean latched;

    /** It waits for its level to be read. */
    boolean unread;

    @Nullable DescriptorChain buffer;

    /** When the buffer was taken, in relation to others. */
    long taken;

    Line(int number) {
      this.number = number;
    }
  }

  private final Line[] lines;
  private final Runnable wantLevels;
  private final GpioCounters counters;

  /** Lines whose edge may be told, if they have a buffer. */
  private final ArrayDeque<Line> latched;

  private final ArrayDeque<Line> unread;
  private @Nullable DeviceQueue queue;
  private @Nullable LoopTask tellEdges;
  private long taken;

  /**
   * @param wantLevels called when there is a {@link #nextLevel}
   */
  InterruptQueue(int count, Runnable wantLevels, GpioCounters counters) {
    this.lines = new Line[count];
    this.wantLevels = wantLevels;
    this.counters = counters;
    this.latched = new ArrayDeque<>(count + 1);
    this.unread = new ArrayDeque<>(count + 1);
    reset();
  }

  void connected(DeviceContext context) {
    // In a turn of its own, where what goes wrong ends the connection and nothing else.
    tellEdges = new LoopTask(context, this::tellEdges);
  }

  /** Forgets all that was; no ring runs. */
  void reset() {
    Arrays.setAll(lines, Line::new);
    latched.clear();
    unread.clear();
  }

  // What the driver wants

  /** What the line interrupts at. */
  InterruptType type(int number) {
    return lines[number].type;
  }

  /**
   * The line interrupts from now on, as soon as there is a buffer; what was latched of another type
   * is forgotten.
   */
  void enable(int number, InterruptType type) {
    Line line = lines[number];
    line.latched &= line.type == type;
    line.type = type;
    wantLevel(line); // it may have a buffer that was held
  }

  /** The line interrupts no more: what was latched is forgotten, a buffer comes back (G6). */
  void disable(int number) {
    Line line = lines[number];
    line.type = InterruptType.NONE;
    line.refused = false;
    line.latched = false;
    if (line.buffer != null) {
      finish(line, INVALID);
      flush();
    }
  }

  /** A type was refused: unless another is in force, buffers are held. */
  void refuse(int number) {
    lines[number].refused = true;
  }

  // What happens at the lines

  /** There was an edge. */
  void edge(int number, boolean rising) {
    if (number >= lines.length) {
      return;
    }
    Line line = lines[number];
    if (line.type.isLevel()) {
      wantLevel(line);
    } else if (line.type.use().tells(rising) && !line.latched) {
      line.latched = true;
      latched.add(line);
      Objects.requireNonNull(tellEdges).request();
    }
  }

  private void tellEdges() {
    Line line = latched.poll();
    while (line != null) {
      if (line.latched) {
        finish(line, VALID);
      }
      line = latched.poll();
    }
    flush();
  }

  /** Levels may have changed unseen. */
  void lookAtLevels() {
    for (Line line : lines) {
      wantLevel(line);
    }
  }

  private void wantLevel(Line line) {
    if (line.type.isLevel() && line.buffer != null && !line.unread) {
      line.unread = true;
      unread.add(line);
      wantLevels.run();
    }
  }

  /** A line whose level is to be read, for {@link #level}; or -1. */
  int nextLevel() {
    Line line = unread.poll();
    while (line != null) {
      line.unread = false;
      if (line.type.isLevel() && line.buffer != null) {
        return line.number;
      }
      line = unread.poll();
    }
    return -1;
  }

  /** The level of a line. */
  void level(int number, boolean isHigh) {
    Line line = lines[number];
    if (line.type == (isHigh ? InterruptType.HIGH : InterruptType.LOW)) {
      finish(line, VALID);
      flush();
    }
  }

  /** The level of a line could not be read so far. */
  void levelUnknown(int number) {
    wantLevel(lines[number]);
  }

  // The ring

  @Override
  public void started(DeviceQueue running) {
    queue = running;
  }

  @Override
  public void available(DeviceQueue running) throws VirtqueueException {
    DescriptorChain buffer = running.next();
    while (buffer != null) {
      take(running, buffer);
      buffer = running.next();
    }
  }

  private void take(DeviceQueue running, DescriptorChain buffer) {
    if (buffer.writer().size() == 0) {
      running.complete(buffer, 0); // H4
      return;
    }
    int number = buffer.reader().size() < Short.BYTES ? -1 : buffer.reader().readShort() & 0xffff;
    buffer.deliverFaults();
    Line line = number >= 0 && number < lines.length ? lines[number] : null;
    if (line == null || line.buffer != null || (line.type == InterruptType.NONE && !line.refused)) {
      complete(running, buffer, INVALID);
      return;
    }
    line.buffer = buffer;
    line.taken = taken++;
    wantLevel(line);
    if (line.latched) {
      finish(line, VALID);
    }
  }

  private void finish(Line line, int status) {
    DescriptorChain buffer = line.buffer;
    DeviceQueue running = queue;
    if (buffer == null || running == null) {
      return;
    }
    line.buffer = null;
    if (status == VALID) {
      line.latched = false;
      counters.interrupted();
    }
    complete(running, buffer, status);
  }

  private static void complete(DeviceQueue running, DescriptorChain buffer, int status) {
    try {
      buffer.writer().writeByte((byte) status);
      buffer.deliverFaults();
    } finally { // the memory may be gone, but the ring wants its chain back
      running.complete(buffer, 1);
    }
  }

  private void flush() {
    DeviceQueue running = queue;
    if (running != null) {
      running.flush();
    }
  }

  /** Leaves buffers in the ring as far as that goes, the latest first (F8). */
  @Override
  public Future<Void> stop(DeviceQueue running) {
    List<Line> held =
        Arrays.stream(lines)
            .filter(line -> line.buffer != null)
            .sorted(Comparator.<Line>comparingLong(line -> line.taken).reversed())
            .toList();
    for (Line line : held) {
      DescriptorChain buffer = line.buffer;
      line.buffer = null;
      if (buffer != null && !running.putBack(buffer)) {
        try {
          complete(running, buffer, INVALID);
        } catch (InternalError e) {
          // The memory is gone, but the ring has its chain back.
        }
      }
    }
    queue = null;
    return Future.succeededFuture();
  }
}
