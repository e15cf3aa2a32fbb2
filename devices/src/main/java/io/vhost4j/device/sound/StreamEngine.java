package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.wire.Status;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The executor's side of a stream: takes jobs from the inbox, lets {@link Transfer} move audio, and
 * puts each job into the outbox when it is done. One thread at a time calls {@link #service()};
 * nothing here knows which.
 *
 * <p>When the host's audio is lost while it runs, the engine sits it out, see {@link Outage}.
 */
final class StreamEngine {
  /** Nothing to do until a job or a wake comes. */
  static final long FOREVER = Long.MAX_VALUE;

  private static final long SHORTEST_WAIT_NANOS = 100_000;

  private final SpscRing<StreamJob> inbox;
  private final SpscRing<StreamJob> outbox;
  private final Transfer transfer;
  private final HostStream host;
  private final Outage outage;
  private final Starvation starvation;
  private final LongSupplier nanoTime;

  private boolean started;
  private boolean suspended;
  private boolean closed;

  private long shownXruns;
  private int shownStarvations;
  private volatile @Nullable Throwable failure;

  StreamEngine(
      SpscRing<StreamJob> inbox,
      SpscRing<StreamJob> outbox,
      Transfer transfer,
      HostStream host,
      Direction direction,
      LongSupplier nanoTime) {
    this.inbox = inbox;
    this.outbox = outbox;
    this.transfer = transfer;
    this.host = host;
    this.outage = new Outage(host, transfer);
    this.starvation = new Starvation(transfer, direction);
    this.nanoTime = nanoTime;
  }

  /**
   * Does what can be done now.
   *
   * @return when to call again if neither a job nor a wake comes before: ns from now, 0 or less for
   *     the next turn
   */
  long service() {
    try {
      takeJobs();
      return move();
    } catch (Throwable t) {
      fail(t);
      return FOREVER;
    }
  }

  /**
   * Lets as much audio be moved by {@link #service()} as a turn of an event loop may take; what is
   * left when that is spent waits for the next one. Executor only.
   */
  void beginTurn() {
    transfer.beginTurn();
  }

  /**
   * What comes behind CLOSE is for the next engine of the stream. Buffers that reach an engine that
   * has given up go back at once: nobody would look at them again.
   */
  private void takeJobs() {
    while (!closed) {
      StreamJob job = inbox.poll();
      if (job == null) {
        break;
      }
      if (job instanceof IoMessage message) {
        transfer.add(message);
        if (host.isOpen()) {
          starvation.end();
        }
      } else {
        execute((StreamCommand) job);
      }
    }
    if (failure != null) {
      transfer.returnAll(Status.IO_ERR);
    }
  }

  /**
   * Does what can be done without the host: commands that need it fail, buffers go back. For the
   * event loop, as long as there is no thread to serve the stream.
   */
  void refuse(AudioException reason) {
    for (StreamJob job = inbox.poll(); job != null; job = closed ? null : inbox.poll()) {
      if (job instanceof IoMessage message) {
        transfer.add(message);
      } else if (job instanceof StreamCommand command && needsHost(command.kind)) {
        host.refused(command.kind, reason);
        command.status(Status.IO_ERR);
        outbox.offer(command);
      } else {
        execute((StreamCommand) job);
      }
    }
    transfer.returnAll(Status.IO_ERR);
  }

  private static boolean needsHost(StreamCommand.Kind kind) {
    return kind == StreamCommand.Kind.PREPARE || kind == StreamCommand.Kind.START;
  }

  /** Whether CLOSE was done, after which there is nothing to do. Executor only. */
  boolean isClosed() {
    return closed;
  }

  /** Whether there is something for the event loop to take or to see. Executor only. */
  boolean hasOutput() {
    long xruns = host.xruns();
    boolean isNew = xruns != shownXruns || starvation.count() != shownStarvations;
    shownXruns = xruns;
    shownStarvations = starvation.count();
    return isNew || failure != null || !outbox.isEmpty();
  }

  /** What made the engine give up, or null. Any thread. */
  @Nullable Throwable failure() {
    return failure;
  }

  /** Underruns and overruns so far. Any thread. */
  long xruns() {
    return host.xruns();
  }

  /** Whether and how often the stream was in an xrun; see there. Any thread may ask. */
  Starvation starvation() {
    return starvation;
  }

  /**
   * Something that must not happen, most likely an InternalError as the frontend cut its memory
   * short: the host's stream is closed and the buffers go back. Executor only.
   */
  void fail(Throwable reason) {
    started = false;
    starvation.reset();
    host.close();
    transfer.returnAll(Status.IO_ERR);
    failure = reason;
  }

  private void execute(StreamCommand command) {
    try {
      switch (command.kind) {
        case PREPARE -> host.open(requireParameters(command));
        case START -> start();
        case STOP -> stop();
        case RELEASE -> release(Status.OK);
        case SUSPEND -> suspend();
        case RESUME -> resume(command.bytesAhead);
        case CLOSE -> release(Status.IO_ERR);
      }
    } catch (InternalError e) {
      fail(e); // late news of guest memory that is gone
      command.status(Status.IO_ERR);
    } catch (Throwable t) { // native libraries that are missing come as errors
      host.refused(command.kind, t);
      command.status(Status.IO_ERR);
    }
    closed = command.kind == StreamCommand.Kind.CLOSE;
    outbox.offer(command);
  }

  private static PcmParameters requireParameters(StreamCommand command) {
    PcmParameters parameters = command.parameters;
    if (parameters == null) {
      throw new IllegalStateException(command.kind + " without parameters");
    }
    return parameters;
  }

  private void start() throws AudioException {
    if (!host.isOpen()) {
      host.reopen();
    }
    if (!suspended) {
      host.run(true);
    }
    started = true;
  }

  /**
   * Buffers stay (A39). Always succeeds: a host's stream that cannot stop is closed, and opened
   * again at START.
   */
  private void stop() {
    started = false;
    starvation.reset();
    rest();
  }

  private void rest() {
    try {
      host.run(false);
    } catch (AudioException | RuntimeException e) {
      host.lose(e);
      transfer.loseBuffers();
    }
  }

  private void release(Status status) {
    started = false;
    starvation.reset();
    transfer.returnAll(status);
    host.close();
  }

  private void suspend() {
    suspended = true;
    starvation.reset();
    rest();
    transfer.withdrawAll();
  }

  private void resume(long bytesAhead) {
    suspended = false;
    if (!host.isOpen()) {
      outage.begin();
      return;
    }
    transfer.resume(bytesAhead);
    if (started) {
      try {
        host.run(true);
      } catch (AudioException | RuntimeException e) {
        lose(e);
      }
    }
  }

  /** Audio moves from START to STOP (A37, A38). */
  private long move() {
    if (!started || suspended) {
      return FOREVER;
    }
    AudioStream stream = host.stream();
    if (stream == null) {
      long wait = outage.sitOut(nanoTime.getAsLong());
      if (!host.isOpen()) {
        starvation.begin();
      }
      return wait;
    }
    try {
      long xruns = host.xruns();
      boolean moved = transfer.move(stream, host.frameBytes());
      host.countXruns();
      long notice = starvation.look(host.parameters(), host.xruns() != xruns, nanoTime.getAsLong());
      if (transfer.isOutOfTurn()) {
        return 0;
      }
      long wait = transfer.nanosToWait(stream, host.parameters());
      return Math.min(notice, moved ? wait : Math.max(wait, SHORTEST_WAIT_NANOS));
    } catch (AudioException | RuntimeException e) {
      lose(e);
      return 0;
    }
  }

  private void lose(Exception reason) {
    host.lose(reason);
    transfer.loseBuffers();
    outage.begin();
  }
}
