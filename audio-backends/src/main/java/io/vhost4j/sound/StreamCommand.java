package io.vhost4j.sound;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.sound.wire.Status;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Something a stream's executor is to do besides moving audio. */
final class StreamCommand extends StreamJob {
  enum Kind {
    /** Open the host's stream with {@link StreamCommand#parameters}, unless it is open. */
    PREPARE,
    START,
    STOP,
    /** Close the host's stream and return every buffer. */
    RELEASE,
    /** The ring stops: return every buffer and let the host's stream rest (C19). */
    SUSPEND,
    /** The ring runs again. */
    RESUME,
    /** Like RELEASE, and the executor ends. */
    CLOSE
  }

  final Kind kind;
  final @Nullable PcmParameters parameters;

  /** Told on the event loop, after all buffers that were returned before. */
  private final Consumer<Status> whenDone;

  private Status status = Status.OK;

  StreamCommand(Kind kind, @Nullable PcmParameters parameters, Consumer<Status> whenDone) {
    this.kind = kind;
    this.parameters = parameters;
    this.whenDone = whenDone;
  }

  /** Executor: how it went. */
  void status(Status outcome) {
    status = outcome;
  }

  /** Event loop: it came back. */
  void done() {
    whenDone.accept(status);
  }
}
