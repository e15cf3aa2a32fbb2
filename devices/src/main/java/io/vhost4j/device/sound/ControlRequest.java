package io.vhost4j.device.sound;

import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request on the control queue until its reply, which may come later. Event loop only.
 *
 * <p>The readable part is copied once, so what is checked is what is used, and the layout of the
 * descriptors does not matter (A11).
 */
final class ControlRequest {
  /** Writes records of a reply; see {@link #replyRecords}. */
  interface RecordWriter {
    /** Writes the record of item {@code id} at the start of {@code record}, which is zeroed. */
    void write(int id, ByteBuffer record);
  }

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final ControlQueue queue;
  private final @Nullable RequestCode code;
  private final Status fault;
  private final ByteBuffer body;
  private @Nullable DescriptorChain chain;

  private ControlRequest(
      ControlQueue queue,
      DescriptorChain chain,
      @Nullable RequestCode code,
      Status fault,
      ByteBuffer body) {
    this.queue = queue;
    this.chain = chain;
    this.code = code;
    this.fault = fault;
    this.body = body;
  }

  /** Reads a request from a chain with room for a status (A13). */
  static ControlRequest read(ControlQueue queue, DescriptorChain chain) {
    ChainReader reader = chain.reader();
    if (reader.size() < Integer.BYTES) {
      return new ControlRequest(queue, chain, null, Status.BAD_MSG, NOTHING);
    }
    RequestCode code = RequestCode.of(reader.readInt());
    if (code == null) {
      return new ControlRequest(queue, chain, null, Status.NOT_SUPP, NOTHING);
    }
    if (reader.size() < code.requestBytes()) {
      return new ControlRequest(queue, chain, code, Status.BAD_MSG, NOTHING);
    }
    ByteBuffer body = ByteBuffer.allocate(code.requestBytes()).order(ByteOrder.LITTLE_ENDIAN);
    body.putInt(code.code()); // not read again: the driver could have changed it
    reader.read(body);
    return new ControlRequest(queue, chain, code, Status.OK, body.flip());
  }

  /** OK, or the status to reply with at once as this is not a request. */
  Status fault() {
    return fault;
  }

  /** What is asked for, if there is no fault. */
  RequestCode code() {
    return Objects.requireNonNull(code);
  }

  /** The request's structure, if there is no fault. */
  ByteBuffer body() {
    return body;
  }

  /** Bytes that a reply can have, with its status. */
  long room() {
    return chain == null ? 0 : chain.writer().size();
  }

  /** Replies with nothing but a status. Does nothing if there was a reply before. */
  void reply(Status status) {
    DescriptorChain current = chain;
    if (current == null) {
      return;
    }
    chain = null;
    try {
      current.writer().writeInt(status.code());
      current.deliverFaults();
    } finally { // the memory may be gone, but the ring wants its chain back
      queue.replied(this, current, status, Status.SIZE);
    }
  }

  /**
   * Replies OK with records; the room for them has been checked.
   *
   * @param stride bytes from one record to the next: less than {@code recordBytes} cuts them, more
   *     pads them with zeros (A20)
   */
  void replyRecords(int firstId, int count, int recordBytes, int stride, RecordWriter records) {
    DescriptorChain current = chain;
    if (current == null) {
      return;
    }
    chain = null;
    ChainWriter writer = current.writer();
    int used = Math.min(recordBytes, stride);
    try {
      writer.writeInt(Status.OK.code());
      for (int id = firstId; id < firstId + count; id++) {
        ByteBuffer record = ByteBuffer.allocate(recordBytes).order(ByteOrder.LITTLE_ENDIAN);
        records.write(id, record);
        writer.write(record.limit(used).position(0));
        writer.writeZeros(stride - used);
      }
      current.deliverFaults();
    } finally { // the memory may be gone, but the ring wants its chain back
      queue.replied(this, current, Status.OK, (int) writer.position());
    }
  }
}
