package io.vhost4j.vhostuser.backend;

import io.vertx.core.Future;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.vhostuser.protocol.Payload;
import java.nio.ByteBuffer;

/** What a message of the frontend does. */
@FunctionalInterface
interface Operation {
  /** The answer of messages that have no reply of their own. */
  Future<ByteBuffer> DONE = Future.succeededFuture(Payload.EMPTY);

  /**
   * Obeys the message. No other message is read before the returned future has completed.
   *
   * @return the payload of the reply, {@link #DONE} for messages without one
   * @throws RefusedException if it cannot be obeyed; nothing has changed then
   */
  Future<ByteBuffer> serve(Request request) throws RefusedException;

  /** An answer that is one 64-bit number. */
  static Future<ByteBuffer> answer(long value) {
    return Future.succeededFuture(Payload.u64(value));
  }
}
