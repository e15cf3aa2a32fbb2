package io.vhost4j.device.sound;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.queue.Request;
import io.vhost4j.device.queue.RequestQueue;
import io.vhost4j.device.queue.StatusPlace;
import io.vhost4j.device.sound.wire.ChmapInfo;
import io.vhost4j.device.sound.wire.ItemHeader;
import io.vhost4j.device.sound.wire.JackInfo;
import io.vhost4j.device.sound.wire.JackRemap;
import io.vhost4j.device.sound.wire.PcmInfo;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.QueryInfo;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What each control request does, and to what (A10 to A14, A16 to A21). Event loop only. */
final class ControlRequests implements RequestQueue.Handler {
  /** Describes an item in a record, which is zeroed. */
  private interface Records {
    void describe(int id, ByteBuffer record);
  }

  /**
   * Longest reply in bytes; a driver that asks for wider records wants no records. The bound of a
   * turn does not count bytes, so 256 such replies are written in one.
   */
  static final int MAX_REPLY = 1 << 14;

  /** Requests that wait at most, of all streams; Linux sends one at a time. */
  private static final int MAX_WAITING = 64;

  private final Jacks jacks;
  private final List<PcmStream> streams;
  private final List<ChannelMap> channelMaps;
  private final DeviceCounters counters;

  /** Requests on these items. */
  ControlRequests(
      Jacks jacks, List<PcmStream> streams, List<ChannelMap> channelMaps, DeviceCounters counters) {
    this.jacks = jacks;
    this.streams = streams;
    this.channelMaps = channelMaps;
    this.counters = counters;
  }

  /** The queue that these requests come from. */
  RequestQueue queue() {
    return new RequestQueue(
        RequestCode.LONGEST_REQUEST, Status.SIZE, StatusPlace.FIRST, MAX_WAITING, this);
  }

  /** A13. */
  @Override
  public void handle(Request request) {
    ByteBuffer body = request.header();
    if (body.limit() < RequestCode.SIZE) {
      reply(request, Status.BAD_MSG);
      return;
    }
    RequestCode code = RequestCode.of(body.getInt(0));
    if (code == null) {
      reply(request, Status.NOT_SUPP);
    } else if (body.limit() < code.requestBytes()) {
      reply(request, Status.BAD_MSG);
    } else {
      obey(code, request, body);
    }
  }

  private void obey(RequestCode code, Request request, ByteBuffer body) {
    switch (code) {
      case JACK_INFO -> describe(request, jacks.count(), JackInfo.SIZE, jacks::describe);
      case JACK_REMAP -> reply(request, jacks.remap(new JackRemap().wrap(body, 0)));
      case PCM_INFO ->
          describe(request, streams.size(), PcmInfo.SIZE, (id, to) -> streams.get(id).describe(to));
      case CHMAP_INFO ->
          describe(
              request,
              channelMaps.size(),
              ChmapInfo.SIZE,
              (id, to) -> channelMaps.get(id).describe(to));
      case PCM_SET_PARAMS -> setParameters(request, new PcmSetParams().wrap(body, 0));
      case PCM_PREPARE -> command(request, PcmCommand.PREPARE);
      case PCM_START -> command(request, PcmCommand.START);
      case PCM_STOP -> command(request, PcmCommand.STOP);
      case PCM_RELEASE -> command(request, PcmCommand.RELEASE);
    }
  }

  /**
   * Replies with records of the items asked for (A17 to A21).
   *
   * @param items number of items that there are
   * @param recordBytes length of a record; the driver may ask for less of it, or for padding (A20)
   */
  private static void describe(Request request, int items, int recordBytes, Records records) {
    QueryInfo query = new QueryInfo().wrap(request.header(), 0);
    long start = Integer.toUnsignedLong(query.startId());
    long count = Integer.toUnsignedLong(query.count());
    long stride = Integer.toUnsignedLong(query.recordSize());
    long length = count * stride;
    if (start + count > items || length > request.room() || length > MAX_REPLY) {
      reply(request, Status.BAD_MSG);
      return;
    }
    int used = (int) Math.min(recordBytes, stride);
    for (int id = (int) start; id < start + count; id++) {
      ByteBuffer record = ByteBuffer.allocate(recordBytes).order(ByteOrder.LITTLE_ENDIAN);
      records.describe(id, record);
      request.writer().write(record.limit(used).position(0));
      request.writer().writeZeros(stride - used);
    }
    reply(request, Status.OK);
  }

  private void setParameters(Request request, PcmSetParams wanted) {
    PcmStream stream = stream(wanted.streamId());
    Status status =
        stream == null ? Status.BAD_MSG : ParameterCheck.check(wanted, stream.capabilities());
    if (stream == null || status != Status.OK) {
      reply(request, status);
      return;
    }
    PcmParameters parameters = ParameterCheck.parameters(wanted);
    if (stream.supports(parameters)) {
      stream.setParameters(request, parameters, wanted.features());
    } else {
      reply(request, Status.NOT_SUPP);
    }
  }

  private void command(Request request, PcmCommand command) {
    PcmStream stream = stream(new ItemHeader().wrap(request.header(), 0).id());
    if (stream == null) {
      reply(request, Status.BAD_MSG);
      return;
    }
    stream.command(request, command);
  }

  /** The stream of an unsigned id, or null if there is none (A16). */
  private @Nullable PcmStream stream(int id) {
    return id >= 0 && id < streams.size() ? streams.get(id) : null;
  }

  static void reply(Request request, Status status) {
    request.reply(status.code());
  }

  /** Requests that are still under way get their chain back; what they began goes on. */
  @Override
  public void stopping(Request request) {
    reply(request, Status.IO_ERR);
  }

  @Override
  public void replied(long status) {
    counters.controlReplied((int) status);
  }
}
