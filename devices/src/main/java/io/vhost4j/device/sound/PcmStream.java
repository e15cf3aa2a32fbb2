package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.device.queue.Request;
import io.vhost4j.device.sound.StreamCommand.Kind;
import io.vhost4j.device.sound.wire.PcmFeature;
import io.vhost4j.device.sound.wire.PcmInfo;
import io.vhost4j.device.sound.wire.Status;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One PCM stream as the driver sees it: its state machine and its parameters. Commands that concern
 * the host go to the stream's executor and are replied to when they are done; those that come
 * meanwhile wait in their order, and other streams do not notice (A15, A42). Event loop only.
 */
final class PcmStream {
  /** A command under way or waiting, with what SET_PARAMS wants. */
  private record Pending(
      PcmCommand command, Request request, @Nullable PcmParameters parameters, int features) {}

  private final int id;
  private final StreamConfig config;
  private final StreamCapabilities capabilities;
  private final StreamLauncher launcher;
  private final IoQueue queue;
  private final EventSource events;
  private final StreamPort port;
  private final StreamCounters counters = new StreamCounters();

  private final Queue<Pending> waiting = new ArrayDeque<>();
  private @Nullable Pending active;
  private boolean inRun;

  private PcmState state = PcmState.INITIAL;

  /** Those of the last SET_PARAMS, which outlive a RELEASE (A35). */
  private @Nullable PcmParameters parameters;

  private int features;

  /**
   * A stream in its initial state.
   *
   * @param capabilities what it offers
   * @param queue that of its buffers
   * @param events takes those of the stream
   * @param failed told once if the stream cannot go on with this frontend
   */
  PcmStream(
      int id,
      StreamConfig config,
      StreamCapabilities capabilities,
      StreamLauncher launcher,
      IoQueue queue,
      EventSource events,
      Consumer<Throwable> failed) {
    this.id = id;
    this.config = config;
    this.capabilities = capabilities;
    this.launcher = launcher;
    this.queue = queue;
    this.events = events;
    this.port = new StreamPort(launcher, this, failed);
  }

  int id() {
    return id;
  }

  Direction direction() {
    return config.direction();
  }

  int hdaFnNid() {
    return config.hdaFnNid();
  }

  StreamCapabilities capabilities() {
    return capabilities;
  }

  /** Whether parameters that are inside the capabilities go together. */
  boolean supports(PcmParameters wanted) {
    return launcher.supports(wanted);
  }

  StreamPort port() {
    return port;
  }

  StreamCounters counters() {
    return counters;
  }

  PcmState state() {
    return state;
  }

  /** Bytes in one frame, 0 before SET_PARAMS. */
  int frameBytes() {
    return parameters == null ? 0 : parameters.frameBytes();
  }

  /** Whether buffers are accepted: prepared, and not about to be released (A52). */
  boolean takesBuffers() {
    Pending current = active;
    return state.takesBuffers()
        && (current == null
            || (current.command() != PcmCommand.RELEASE
                && current.command() != PcmCommand.SET_PARAMS));
  }

  /** Whether the driver can still be told of an xrun: it lasts, and the stream is not stopping. */
  boolean isInXrun() {
    return state == PcmState.STARTED && active == null && port.isStarving();
  }

  void describe(ByteBuffer record) {
    new PcmInfo()
        .wrap(record, 0)
        .hdaFnNid(hdaFnNid())
        .features(ParameterCheck.FEATURES)
        .direction(direction())
        .capabilities(capabilities);
  }

  /** SET_PARAMS with parameters that have been checked. */
  void setParameters(Request request, PcmParameters wanted, int wantedFeatures) {
    submit(new Pending(PcmCommand.SET_PARAMS, request, wanted, wantedFeatures));
  }

  /** Any other command. */
  void command(Request request, PcmCommand command) {
    submit(new Pending(command, request, null, 0));
  }

  private void submit(Pending command) {
    waiting.add(command);
    run();
  }

  private void run() {
    if (inRun) {
      return;
    }
    inRun = true;
    try {
      while (active == null && !port.isClosing() && !waiting.isEmpty()) {
        begin(waiting.remove());
      }
    } finally { // a reply may have met memory that is gone, and the next frontend has another
      inRun = false;
    }
  }

  private void begin(Pending command) {
    if (!state.allows(command.command())) {
      ControlRequests.reply(command.request(), Status.BAD_MSG);
      return;
    }
    // The kick for buffers that were added before may be behind this request: START is to find
    // them, and RELEASE to return them (A40).
    if (command.command() == PcmCommand.START || command.command() == PcmCommand.RELEASE) {
      queue.catchUp();
    }
    active = command;
    switch (command.command()) {
      case SET_PARAMS -> {
        if (state == PcmState.PREPARED) { // what is prepared is for the former parameters
          port.post(Kind.RELEASE, null, status -> end(command, status));
        } else {
          end(command, Status.OK);
        }
      }
      case PREPARE -> port.post(Kind.PREPARE, parameters, status -> end(command, status));
      case START -> port.post(Kind.START, null, status -> end(command, status));
      case STOP -> port.post(Kind.STOP, null, status -> end(command, status));
      case RELEASE -> port.post(Kind.RELEASE, null, status -> end(command, status));
    }
  }

  private void end(Pending command, Status status) {
    if (!command.equals(active)) { // the device was reset meanwhile
      return;
    }
    active = null;
    if (status == Status.OK) {
      state = command.command().next();
      if (command.command() == PcmCommand.SET_PARAMS) {
        parameters = command.parameters();
        features = command.features();
      }
    }
    ControlRequests.reply(command.request(), status);
    run();
  }

  /**
   * Back to the initial state (A43). All buffers have been returned before.
   *
   * @return completes when nothing of the stream is at work any more
   */
  Future<Void> reset() {
    active = null;
    waiting.clear();
    state = PcmState.INITIAL;
    parameters = null;
    features = 0;
    return port.close().onComplete(closed -> run());
  }

  /**
   * The driver is to be notified, as buffers may have been completed, and to hear of an xrun if it
   * has asked for that (A55).
   *
   * @param xruns underruns and overruns since the last time
   * @param starving whether an xrun has begun since then that still lasts
   */
  void drained(long xruns, boolean starving) {
    counters.xruns(xruns);
    if (starving && (features & PcmFeature.EVT_XRUNS.mask()) != 0) {
      events.xrun(id);
    }
    queue.flush();
  }
}
