package io.vhost4j.device.sound.wire;

import io.vhost4j.device.Struct;

/**
 * Asks for records of items with consecutive ids (VIRTIO 5.14.6.1).
 *
 * <pre>
 *  0        4          8       12     16
 *  +--------+----------+-------+------+
 *  | code   | start_id | count | size |
 *  +--------+----------+-------+------+
 * </pre>
 */
public final class QueryInfo extends Struct<QueryInfo> {
  public static final int SIZE = 16;

  private static final int CODE = 0;
  private static final int START_ID = 4;
  private static final int COUNT = 8;
  private static final int RECORD_SIZE = 12;

  /** A view of nothing so far. */
  public QueryInfo() {
    super(SIZE);
  }

  public int code() {
    return le32(CODE);
  }

  public QueryInfo code(RequestCode code) {
    le32(CODE, code.code());
    return this;
  }

  /** Id of the first item, unsigned. */
  public int startId() {
    return le32(START_ID);
  }

  public QueryInfo startId(int id) {
    le32(START_ID, id);
    return this;
  }

  /** Number of items, unsigned. */
  public int count() {
    return le32(COUNT);
  }

  public QueryInfo count(int count) {
    le32(COUNT, count);
    return this;
  }

  /** Bytes from one record of the reply to the next, unsigned. */
  public int recordSize() {
    return le32(RECORD_SIZE);
  }

  public QueryInfo recordSize(int bytes) {
    le32(RECORD_SIZE, bytes);
    return this;
  }
}
