package io.vhost4j.device.gpio;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.HostThread;
import io.vhost4j.device.gpio.GpioChip.Use;
import io.vhost4j.device.gpio.GpioPort.Call;
import io.vhost4j.device.queue.HostRequests;
import io.vhost4j.device.queue.Request;
import io.vhost4j.device.queue.RequestQueue;
import io.vhost4j.device.queue.StatusPlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The requests of the queue, one after the other (G2), and what the device asks of its chip between
 * them. What cannot be is answered with ERR (G8), both bytes of the reply filled (G10), and logged
 * if the host is the reason. Event loop only.
 */
final class GpioRequests implements HostRequests.Worker, GpioChip.Listener {
  static final int OK = 0;
  static final int ERROR = 1;

  /** The first of a reply. */
  private static final int STATUS_BYTES = 1;

  private static final int MOST_WAITING = 64;

  /** How often a chip that is gone is looked for. */
  private static final long LOOK_MILLIS = 1000;

  /* Of what a request is replied to with, besides a value. */
  private static final int REFUSED = -1;
  private static final int ASK_HOST = -2;

  /** What the driver has made of a line. */
  private static final class Line {
    int direction = GpioRequest.DIRECTION_NONE;

    /** What it drives as an output, remembered before (G3). */
    boolean output;
  }

  private final GpioPort port;
  private final byte[] names;
  private final Line[] lines;
  private final GpioCounters counters;
  private final InterruptQueue interrupts;
  private final HostRequests requests =
      new HostRequests(GpioRequest.SIZE, STATUS_BYTES, StatusPlace.FIRST, MOST_WAITING, this);

  /** The last one that was begun. */
  private final GpioRequest request = new GpioRequest();

  /** What it wants of the host, if that is no level. */
  private Use use = Use.RELEASED;

  /** Lines that the host may have as something else than the driver does: the chip was stuck. */
  private final BitSet unsure = new BitSet();

  private boolean hasInterrupts;
  private boolean wantsLook;
  private boolean wantsRelease;
  private @Nullable Promise<Void> released;
  private @Nullable DeviceContext device;

  /**
   * @param names as the driver gets them
   * @param count lines of the chip that the driver has
   */
  GpioRequests(GpioPort port, byte[] names, int count, GpioCounters counters) {
    this.port = port;
    this.names = names;
    this.counters = counters;
    lines = new Line[count];
    Arrays.setAll(lines, i -> new Line());
    interrupts = new InterruptQueue(count, requests::wake, counters);
  }

  RequestQueue queue() {
    return requests.queue();
  }

  InterruptQueue interrupts() {
    return interrupts;
  }

  void connected(DeviceContext context) {
    device = context;
    requests.connected(context);
    HostThread thread = port.thread();
    if (thread != null) {
      requests.connected(context, thread);
    }
    interrupts.connected(context);
    port.chip().connected(context, this);
  }

  void accepted(boolean acceptsInterrupts) {
    hasInterrupts = acceptsInterrupts;
  }

  /** All lines are the host's again when the future completes, or as soon as it lets go of them. */
  Future<Void> reset() {
    Arrays.setAll(lines, i -> new Line());
    interrupts.reset();
    Promise<Void> promise = released == null ? Promise.promise() : released;
    released = promise;
    wantsRelease = true;
    requests.hurry();
    requests.wake();
    return promise.future();
  }

  // What happens at the lines

  @Override
  public void edge(int line, boolean rising) {
    interrupts.edge(line, rising);
  }

  @Override
  public void away() {
    wantsLook = true;
    requests.wake();
  }

  @Override
  public void back() {
    interrupts.lookAtLevels();
  }

  // Calls

  @Override
  public @Nullable HostThread begin(@Nullable Request oldest) {
    HostThread thread = beginOwn();
    if (thread != null || oldest == null) {
      return thread;
    }
    Request unused = requests.take();
    if (oldest.header().remaining() < GpioRequest.SIZE || oldest.room() < 1) {
      reply(oldest, ERROR, 0);
      return null;
    }
    request.wrap(oldest.header(), 0);
    if (request.type() == GpioRequest.GET_LINE_NAMES) {
      sendNames(oldest);
    } else if (request.line() >= lines.length) {
      reply(oldest, ERROR, 0);
    } else {
      int value = obey(lines[request.line()]);
      if (value == ASK_HOST) {
        Call call = request.type() == GpioRequest.GET_VALUE ? Call.READ : Call.CONFIGURE;
        if (port.isFree()) {
          return call(call, request.line(), use);
        }
        doubt(call, request.line());
      }
      finish(oldest, value == ASK_HOST ? REFUSED : value);
    }
    return null;
  }

  /** What no request asks for. */
  private @Nullable HostThread beginOwn() {
    if (!port.isFree()) { // it is with a call that was given up
      completeReset();
      return null;
    }
    HostThread thread = null;
    if (wantsRelease) {
      wantsRelease = false;
      unsure.clear();
      thread = call(Call.RELEASE_ALL, 0, Use.RELEASED);
    }
    while (thread == null && !unsure.isEmpty()) {
      int line = unsure.nextSetBit(0);
      unsure.clear(line);
      thread = call(Call.RESTORE, line, wanted(line));
    }
    if (thread == null && wantsLook) {
      wantsLook = false;
      thread = call(Call.LOOK, 0, Use.RELEASED);
    }
    while (thread == null) {
      int line = interrupts.nextLevel();
      if (line < 0) {
        return null;
      }
      thread = call(Call.READ_LEVEL, line, Use.RELEASED);
    }
    return thread;
  }

  private @Nullable HostThread call(Call what, int line, Use itsUse) {
    HostThread thread = port.begin(what, line, itsUse);
    if (thread == null) {
      ended(true);
    }
    return thread;
  }

  @Override
  public void ended(boolean inTime) {
    boolean succeeded = false;
    if (inTime) {
      port.chip().called();
      IOException failure = port.failure();
      succeeded = failure == null;
      if (failure != null && !(failure instanceof ChipGoneException)) {
        device().log().warn("{}", failure.getMessage());
      }
    } else {
      device().log().warn("{} does not answer: requests fail until it does", port);
      doubt(port.call(), port.line());
    }
    switch (port.call()) {
      case CONFIGURE, READ -> finish(requests.underWay().get(0), succeeded ? done() : REFUSED);
      case READ_LEVEL -> {
        if (succeeded) {
          interrupts.level(port.line(), port.isHigh());
        } else if (!inTime) {
          interrupts.levelUnknown(port.line());
        } // one that cannot be read is not active: the log has told why
      }
      case RESTORE -> {} // the log has told why it cannot be
      case RELEASE_ALL -> completeReset();
      case LOOK -> {
        if (!succeeded) {
          long unused = ((ContextInternal) device().context()).setTimer(LOOK_MILLIS, id -> away());
        }
      }
    }
  }

  @Override
  public void free() {
    port.chip().called();
    requests.wake();
  }

  /** A call is not made, or given up, and then it may be made all the same. */
  private void doubt(Call call, int line) {
    if (call == Call.CONFIGURE || call == Call.RESTORE) {
      unsure.set(line);
    }
  }

  /** What a line is for, as far as the driver knows. */
  private Use wanted(int number) {
    Line line = lines[number];
    return line.direction == GpioRequest.DIRECTION_OUT
        ? output(line.output)
        : sensed(line, interrupts.type(number));
  }

  private void completeReset() {
    Promise<Void> promise = released;
    if (promise != null) {
      released = null;
      promise.complete();
    }
  }

  // Requests

  private void sendNames(Request asked) {
    if (names.length == 0 || asked.room() < names.length) {
      reply(asked, ERROR, 0);
      return;
    }
    asked.writer().write(ByteBuffer.wrap(names));
    counters.replied(OK);
    asked.reply(OK);
  }

  private void finish(Request asked, int value) {
    boolean isRefused = value == REFUSED;
    if (isRefused
        && request.type() == GpioRequest.SET_IRQ_TYPE
        && InterruptType.of(request.value()) != InterruptType.NONE) {
      interrupts.refuse(request.line());
    }
    reply(asked, isRefused ? ERROR : OK, Math.max(value, 0));
  }

  private void reply(Request asked, int status, int value) {
    if (asked.room() > 0) {
      // Where it is not if an earlier reply broke off, as the memory was gone.
      asked.writer().position(STATUS_BYTES);
      asked.writer().writeByte((byte) value); // G10
    }
    counters.replied(status);
    asked.reply(status);
  }

  @Override
  public void fail(Request asked) {
    reply(asked, ERROR, 0);
  }

  /** The value of the reply, REFUSED, or ASK_HOST: then {@link #done} follows the call. */
  private int obey(Line line) {
    int value = request.value();
    return switch (request.type()) {
      case GpioRequest.GET_DIRECTION -> line.direction;
      case GpioRequest.SET_DIRECTION -> setDirection(request.line(), line, value);
      case GpioRequest.GET_VALUE -> ASK_HOST;
      case GpioRequest.SET_VALUE -> setValue(line, value);
      case GpioRequest.SET_IRQ_TYPE -> setInterrupt(request.line(), line, value);
      default -> REFUSED;
    };
  }

  private int setDirection(int number, Line line, int direction) {
    InterruptType interrupt = interrupts.type(number);
    return switch (direction) {
      case GpioRequest.DIRECTION_NONE -> {
        lines[number] = new Line(); // G4, whatever the host says
        interrupts.disable(number);
        yield askHost(Use.RELEASED);
      }
      case GpioRequest.DIRECTION_OUT ->
          interrupt == InterruptType.NONE ? askHost(output(line.output)) : REFUSED;
      case GpioRequest.DIRECTION_IN ->
          line.direction == GpioRequest.DIRECTION_IN ? 0 : askHost(interrupt.use());
      default -> REFUSED;
    };
  }

  private int setValue(Line line, int value) {
    if (value != 0 && value != 1) {
      return REFUSED;
    }
    if (line.direction == GpioRequest.DIRECTION_OUT) {
      return askHost(output(value == 1));
    }
    line.output = value == 1;
    return 0;
  }

  private int setInterrupt(int number, Line line, int code) {
    InterruptType type = InterruptType.of(code);
    if (!hasInterrupts || type == null || line.direction == GpioRequest.DIRECTION_OUT) {
      return REFUSED;
    }
    InterruptType before = interrupts.type(number);
    if (type == InterruptType.NONE) {
      interrupts.disable(number); // G6, whatever the host says
    }
    if (type == before) {
      return 0;
    }
    return askHost(sensed(line, type));
  }

  /** What a line that is no output is for. */
  private static Use sensed(Line line, InterruptType type) {
    boolean isUsed = type != InterruptType.NONE || line.direction != GpioRequest.DIRECTION_NONE;
    return isUsed ? type.use() : Use.RELEASED;
  }

  private static Use output(boolean high) {
    return high ? Use.OUTPUT_HIGH : Use.OUTPUT_LOW;
  }

  private int askHost(Use wanted) {
    use = wanted;
    return ASK_HOST;
  }

  /** The host has done what the request wanted of it: the value of the reply. */
  private int done() {
    int number = request.line();
    Line line = lines[number];
    int value = request.value();
    switch (request.type()) {
      case GpioRequest.GET_VALUE -> {
        return port.isHigh() ? 1 : 0;
      }
      case GpioRequest.SET_DIRECTION -> line.direction = value;
      case GpioRequest.SET_VALUE -> line.output = value == 1;
      default -> interrupts.enable(number, Objects.requireNonNull(InterruptType.of(value)));
    }
    return 0;
  }

  private DeviceContext device() {
    return Objects.requireNonNull(device);
  }
}
