package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.StreamCommand.Kind;
import io.vhost4j.device.sound.wire.Status;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The event loop's side of a stream: puts buffers and commands into the inbox of its engine and
 * takes them back from the outbox. Event loop only.
 */
final class StreamPort {
  /** Most buffers that one stream holds, as a ring has no more entries. A power of two. */
  static final int MAX_OUTSTANDING = 1024;

  /** Room for every buffer, and for the few commands that can be on their way at a time. */
  private static final int CAPACITY = 2 * MAX_OUTSTANDING;

  private final SpscRing<StreamJob> inbox = new SpscRing<>(CAPACITY);
  private final SpscRing<StreamJob> outbox = new SpscRing<>(CAPACITY);
  private final Runnable drain = this::drain;
  private final StreamLauncher launcher;
  private final PcmStream stream;
  private final Consumer<Throwable> failed;

  /** There from the first command after a reset to the next reset. */
  private @Nullable StreamExecutor executor;

  private boolean closing;
  private int outstanding;

  /** Bytes of audio that the engine had moved of buffers that were put back into the ring. */
  private long bytesAhead;

  private boolean submitted;
  private long seenXruns;
  private int seenStarvations;
  private boolean failureTold;

  /**
   * A port that nothing has gone through.
   *
   * @param stream told of what the engine did
   * @param failed told once if something went wrong for good
   */
  StreamPort(StreamLauncher launcher, PcmStream stream, Consumer<Throwable> failed) {
    this.launcher = launcher;
    this.stream = stream;
    this.failed = failed;
  }

  /** Whether {@link #close()} has not completed yet: no command can be posted. */
  boolean isClosing() {
    return closing;
  }

  /** Number of buffers that the engine has. */
  int outstanding() {
    return outstanding;
  }

  /** Whether the stream is in an xrun that its driver is to be told of. */
  boolean isStarving() {
    StreamExecutor current = executor;
    return current != null && current.engine.starvation().lasts();
  }

  /** Gives a buffer to the engine, which sees it at {@link #flush()} at the latest. */
  void submit(IoMessage message) {
    if (!inbox.offer(message)) {
      throw new IllegalStateException("a stream with more buffers than its ring has entries");
    }
    outstanding++;
    submitted = true;
  }

  /** Makes the engine look at what was submitted. */
  void flush() {
    StreamExecutor current = executor;
    if (submitted && current != null) {
      submitted = false;
      current.submitted();
    }
  }

  /**
   * Gives a command to the engine, behind the buffers submitted before.
   *
   * @param whenDone told on the event loop, when the buffers that came back before are completed
   */
  void post(Kind kind, @Nullable PcmParameters parameters, Consumer<Status> whenDone) {
    if (kind == Kind.RELEASE || kind == Kind.CLOSE) {
      bytesAhead = 0; // the host's stream goes, and what comes next is new to the next one
    }
    StreamExecutor current = executor;
    if (current == null) {
      current = launcher.launch(inbox, outbox, drain);
      executor = current;
      seenXruns = 0;
      seenStarvations = 0;
      failureTold = false;
    }
    if (!inbox.offer(new StreamCommand(kind, parameters, bytesAhead, whenDone))) {
      throw new IllegalStateException("a stream with more commands than can be");
    }
    submitted = false;
    current.submitted();
  }

  /**
   * The ring stops: withdraws all buffers, which come back before this completes. A backend that is
   * slow to open is not waited for, as it has no buffers.
   */
  Future<Void> suspend() {
    if (executor == null || closing) {
      return Future.succeededFuture();
    }
    Promise<Void> done = Promise.promise();
    boolean mustWait = outstanding > 0;
    post(Kind.SUSPEND, null, status -> done.tryComplete());
    return mustWait ? done.future() : Future.succeededFuture();
  }

  /** A buffer that was withdrawn is in the ring again, and so many bytes of it were moved. */
  void putBack(int doneBytes) {
    bytesAhead += doneBytes;
  }

  /**
   * The ring runs again, and the buffers that were put back have been submitted: a stream that went
   * on before it has them would find nothing to play.
   */
  void resume() {
    if (executor != null && !closing) {
      post(Kind.RESUME, null, status -> {});
    }
    bytesAhead = 0;
  }

  /** Ends the engine, and its thread if it has one; completes when it is gone. */
  Future<Void> close() {
    if (executor == null) {
      return Future.succeededFuture();
    }
    Promise<Void> done = Promise.promise();
    closing = true;
    post(
        Kind.CLOSE,
        null,
        status -> {
          executor = null;
          closing = false;
          done.tryComplete();
        });
    return done.future();
  }

  private void drain() {
    StreamExecutor current = executor;
    for (StreamJob job = outbox.poll(); job != null; job = outbox.poll()) {
      try {
        if (job instanceof IoMessage message) {
          outstanding--;
          message.queue.returned(message);
        } else {
          ((StreamCommand) job).done();
        }
      } catch (InternalError e) { // the frontend has cut its memory short
        fail(e);
      }
    }
    if (current != null) {
      observe(current.engine);
    }
  }

  private void observe(StreamEngine engine) {
    Throwable failure = engine.failure();
    if (failure != null) {
      fail(failure);
    }
    long xruns = engine.xruns();
    long more = xruns - seenXruns;
    seenXruns = xruns;
    int starvations = engine.starvation().count();
    boolean isNew = starvations != seenStarvations;
    seenStarvations = starvations;
    try {
      stream.drained(more, isNew && engine.starvation().lasts());
    } catch (InternalError e) {
      fail(e);
    }
  }

  private void fail(Throwable reason) {
    if (!failureTold) {
      failureTold = true;
      failed.accept(reason);
    }
  }
}
