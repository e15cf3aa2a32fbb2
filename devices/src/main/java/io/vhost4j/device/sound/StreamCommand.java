package io.vhost4j.device.sound;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.wire.Status;
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
    /** The ring stops: let the host's stream rest and withdraw every buffer (C19). */
    SUSPEND,
    /**
     * The ring runs again, and the buffers are back: go on {@link StreamCommand#bytesAhead} behind
     * the start of the first.
     */
    RESUME,
    /** Like RELEASE, and the executor ends. */
    CLOSE
  }

  final Kind kind;
  final @Nullable PcmParameters parameters;

  /** Bytes of audio in the buffers there are that were moved before they were withdrawn. */
  final long bytesAhead;

  /** Told on the event loop, after all buffers that were returned before (A41). */
  private final Consumer<Status> whenDone;

  private Status status = Status.OK;

  StreamCommand(
      Kind kind, @Nullable PcmParameters parameters, long bytesAhead, Consumer<Status> whenDone) {
    this.kind = kind;
    this.parameters = parameters;
    this.bytesAhead = bytesAhead;
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
