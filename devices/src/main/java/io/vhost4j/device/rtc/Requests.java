package io.vhost4j.device.rtc;

import io.vhost4j.device.queue.Request;
import io.vhost4j.device.queue.RequestQueue;
import io.vhost4j.virtqueue.ChainWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/** Answers requests, all of them at once, so that those of a clock keep their order (T5). */
final class Requests implements RequestQueue.Handler {
  private static final int OK = 0;
  private static final int NOT_SUPPORTED = 2;
  private static final int NO_SUCH_DEVICE = 3;
  private static final int INVALID = 4;
  private static final int IO_ERROR = 5;

  /** Length of the status, which is the first of a response's head. */
  static final int STATUS = 1;

  /* Counters of hardware that the standard knows. */
  private static final int ARM_VIRTUAL_COUNT = 0;
  private static final int X86_TSC = 1;

  private static final int FLAG = 1;

  private final List<RtcClock> clocks;
  private final List<Alarm> alarms;
  private final Consumer<IOException> alarmFailed;
  private boolean hasAlarms;

  /**
   * @param alarms one for each clock
   * @param alarmFailed told why an alarm could not be set
   */
  Requests(List<RtcClock> clocks, List<Alarm> alarms, Consumer<IOException> alarmFailed) {
    this.clocks = clocks;
    this.alarms = alarms;
    this.alarmFailed = alarmFailed;
  }

  /** The driver wants alarms, or does not. */
  void negotiated(boolean wantsAlarms) {
    hasAlarms = wantsAlarms;
  }

  /** Whether the driver has negotiated alarms. */
  boolean hasAlarms() {
    return hasAlarms;
  }

  @Override
  public void handle(Request request) {
    int status = obey(request);
    if (status != OK) {
      // Linux looks at the status if there is a whole head.
      request.writer().position(STATUS);
      request.writer().writeZeros(Math.min(RtcMessage.HEAD - STATUS, request.room()));
    }
    request.reply(status);
  }

  private int obey(Request request) {
    ByteBuffer bytes = request.header();
    if (bytes.limit() < RtcMessage.HEAD) {
      return INVALID; // T3
    }
    RtcMessage message = RtcMessage.of(Short.toUnsignedInt(bytes.getShort(0)));
    if (message == null) {
      return NOT_SUPPORTED; // T1
    }
    if (bytes.limit() < message.requestBytes()
        || request.room() < message.responseBytes() - STATUS) {
      return INVALID; // T3
    }
    long last = bytes.getLong(message.requestBytes() - Long.BYTES);
    int clock = (int) last & 0xffff;
    int argument = (int) (last >>> 16) & 0xff;
    int refusal = refusal(message, clock, argument);
    if (refusal != OK) {
      return refusal;
    }
    if (bytes.getLong(0) >>> 16 != 0 || !message.allows(last)) {
      return INVALID; // T4
    }
    return answer(message, clock, argument, bytes, request.writer());
  }

  private int refusal(RtcMessage message, int clock, int counter) {
    if (message != RtcMessage.CFG && clock >= clocks.size()) {
      return NO_SUCH_DEVICE; // T2
    }
    return switch (message) {
      case CROSS_CAP -> // T1
          counter == ARM_VIRTUAL_COUNT || counter == X86_TSC ? OK : NOT_SUPPORTED;
      // What a guest's counter shows is not to be known here: its hypervisor gives it an offset and
      // a rate, of which vhost-user says nothing (T11).
      case READ_CROSS -> NOT_SUPPORTED;
      case READ_ALARM, SET_ALARM, SET_ALARM_ENABLED -> hasAlarms ? OK : NO_SUCH_DEVICE; // T2
      default -> OK;
    };
  }

  private int answer(
      RtcMessage message, int clock, int flags, ByteBuffer bytes, ChainWriter response) {
    response.writeZeros(RtcMessage.HEAD - STATUS);
    Alarm alarm = alarms.get(message == RtcMessage.CFG ? 0 : clock);
    try {
      switch (message) {
        case READ -> response.writeLong(clocks.get(clock).nanos());
        case CFG -> response.writeLong(clocks.size());
        case CLOCK_CAP ->
            response.writeLong(clocks.get(clock).type().ordinal() | (hasAlarms ? FLAG << 16 : 0));
        case READ_ALARM -> {
          response.writeLong(alarm.time());
          response.writeLong(alarm.isEnabled() ? FLAG : 0);
        }
        case SET_ALARM -> alarm.set(bytes.getLong(RtcMessage.HEAD), flags == FLAG);
        case SET_ALARM_ENABLED -> alarm.set(alarm.time(), flags == FLAG);
        default -> response.writeLong(0); // CROSS_CAP: not for this counter
      }
      return OK;
    } catch (IOException e) {
      alarmFailed.accept(e);
      return IO_ERROR;
    }
  }
}
