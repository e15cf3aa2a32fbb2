package io.vhost4j.device.sound;

import io.vhost4j.device.sound.wire.QueryInfo;
import io.vhost4j.device.sound.wire.Status;

/** Answers JACK_INFO, PCM_INFO and CHMAP_INFO alike (A17 to A21). */
final class InfoQuery {
  /** Longest reply in bytes; a driver that asks for wider records wants no records. */
  private static final long MAX_REPLY = 1 << 20;

  private InfoQuery() {}

  /**
   * Replies with records of the items asked for.
   *
   * @param items number of items that there are
   * @param recordBytes length of a record
   */
  static void answer(
      ControlRequest request, int items, int recordBytes, ControlRequest.RecordWriter records) {
    QueryInfo query = new QueryInfo().wrap(request.body(), 0);
    long start = Integer.toUnsignedLong(query.startId());
    long count = Integer.toUnsignedLong(query.count());
    long stride = Integer.toUnsignedLong(query.recordSize());
    if (start + count > items) {
      request.reply(Status.BAD_MSG);
      return;
    }
    long length = Status.SIZE + count * stride;
    if (length > request.room() || length > MAX_REPLY) {
      request.reply(Status.BAD_MSG);
      return;
    }
    request.replyRecords((int) start, (int) count, recordBytes, (int) stride, records);
  }
}
