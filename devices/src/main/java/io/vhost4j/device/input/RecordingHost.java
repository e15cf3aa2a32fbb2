package io.vhost4j.device.input;

import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.input.Recording.Event;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A device that is none: it plays a recording to each new driver, with the pauses that it has, and
 * stands still while a driver does not run. At its end it waits for what is added to the file, or
 * begins again. What drivers send is logged.
 */
final class RecordingHost implements InputHost {
  /** How long to wait for more of the file. */
  private static final long POLL_MILLIS = 100;

  /** Between the end and the next beginning. */
  private static final long PAUSE_MILLIS = 1000;

  /** While the driver has not taken what there is. */
  private static final long BUSY_MILLIS = 2;

  private final Recording recording;
  private final boolean loop;

  /* While a driver wants events. */
  private @Nullable DeviceContext context;
  private @Nullable EventFrames frames;
  private @Nullable Long timer;

  /** The next driver is a new one. */
  private boolean fresh = true;

  /** Counts the starts. */
  private int run;

  /** Counts the drivers: what is read for one does not go to the next. */
  private int driver;

  /** Whether what is read is for this driver. */
  private boolean begun;

  /** What was read and not played. */
  private List<Event> events = List.of();

  private int next;

  /** When the last event was, in the recording; -1 before the first. */
  private long lastMicros = -1;

  /** When it was played, or would have been had everybody been quick; in ns. */
  private long lastNanos;

  /** What the driver has set, by type and code; all others are 0. */
  private final Map<Integer, Integer> outputs = new HashMap<>();

  /** Completes when no other thread has the file. */
  private Future<?> reading = Future.succeededFuture();

  RecordingHost(Recording recording, boolean loop) {
    this.recording = recording;
    this.loop = loop;
  }

  @Override
  public InputDescription description() {
    return recording.description();
  }

  private DeviceContext context() {
    return Objects.requireNonNull(context, "no driver wants events");
  }

  private EventFrames frames() {
    return Objects.requireNonNull(frames, "no driver wants events");
  }

  @Override
  public void start(DeviceContext engine, EventFrames taker) {
    context = engine;
    frames = taker;
    int mine = ++run;
    if (fresh) {
      fresh = false;
      driver++;
      begun = false;
      events = List.of();
      next = 0;
      lastMicros = -1;
      taker.begin(recording.beginning());
    }
    lastNanos = System.nanoTime();
    Future<?> unused = // behind what is read for a former driver
        reading.onComplete(
            done -> {
              if (isRunning(mine)) {
                if (!begun) {
                  begun = true;
                  recording.rewind();
                }
                play();
              }
            });
  }

  private boolean isRunning(int mine) {
    return mine == run && context != null;
  }

  @Override
  public void stop() {
    if (timer != null) {
      boolean unused = context().context().owner().cancelTimer(timer);
      timer = null;
    }
    context = null;
    frames = null;
  }

  private void later(long millis, Runnable action) {
    timer =
        ((ContextInternal) context().context())
            .setTimer(
                Math.max(1, millis),
                id -> {
                  timer = null;
                  action.run();
                });
  }

  /** Plays what is due, and no more than the driver takes: nothing is to be dropped. */
  private void play() {
    frames().deliver();
    while (next < events.size()) {
      Event event = events.get(next);
      long pause = lastMicros < 0 ? 0 : Math.max(0, event.micros() - lastMicros);
      long nanos = lastNanos + TimeUnit.MICROSECONDS.toNanos(pause);
      long wait = nanos - System.nanoTime();
      if (wait > 0 || frames().isBusy()) {
        later(wait > 0 ? 1 + TimeUnit.NANOSECONDS.toMillis(wait) : BUSY_MILLIS, this::play);
        return;
      }
      lastMicros = event.micros();
      lastNanos = nanos;
      next++;
      frames().event(event.type(), event.code(), event.value());
    }
    readOn();
  }

  private void readOn() {
    int mine = run;
    int whose = driver;
    DeviceContext reader = context();
    Future<List<Event>> read =
        ((ContextInternal) reader.context())
            .executeBlocking(
                () -> recording.read(problem -> reader.log().warn("{}; skipped", problem)), false);
    // Complete when what was read is known here, not before: who starts meanwhile would read on.
    reading =
        read.transform(
            done -> {
              if (whose == driver) {
                take(reader, done);
                if (isRunning(mine)) {
                  goOn();
                }
              }
              return Future.succeededFuture();
            });
  }

  private void take(DeviceContext reader, AsyncResult<List<Event>> read) {
    if (read.failed()) {
      reader.log().warn("{}", read.cause().getMessage());
    }
    events = read.failed() ? List.of() : read.result();
    next = 0;
  }

  private void goOn() {
    if (!events.isEmpty()) {
      play();
      return;
    }
    lastNanos = System.nanoTime();
    if (loop && lastMicros >= 0) {
      later(PAUSE_MILLIS, this::again);
    } else {
      later(POLL_MILLIS, this::readOn);
    }
  }

  private void again() {
    recording.rewind();
    lastMicros = -1;
    lastNanos = System.nanoTime();
    readOn();
  }

  @Override
  public void output(DeviceContext engine, int type, int code, int value) {
    // Linux tells all of them whenever a program opens the device.
    if (outputs.getOrDefault(type << 16 | code, 0) != value) {
      outputs.put(type << 16 | code, value);
      engine.log().info("the guest sets {} {} to {}", Codes.typeName(type), code, value);
    }
  }

  @Override
  public void reset() {
    fresh = true;
    outputs.clear();
  }

  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
