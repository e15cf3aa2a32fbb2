package io.vhost4j.device.sound.driver;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.vhostuser.frontend.FrontendMemory;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The control queue: one request at a time, the others wait in their order. Event loop only. */
final class ControlLine {
  /** Room for a request, and for a reply of some hundred records. */
  private static final int PAGE = 16384;

  private record Pending(
      String name,
      int replyBytes,
      int requestBytes,
      Consumer<ByteBuffer> writeRequest,
      Promise<ByteBuffer> reply) {}

  private final FrontendQueue queue;
  private final long requestAddress;
  private final long replyAddress;
  private final ByteBuffer request;
  private final ByteBuffer reply;
  private final Queue<Pending> waiting = new ArrayDeque<>();
  private @Nullable Pending active;

  ControlLine(FrontendQueue queue, FrontendMemory memory) throws IOException {
    this.queue = queue;
    requestAddress = memory.allocate(PAGE, PAGE);
    replyAddress = memory.allocate(PAGE, PAGE);
    request = Objects.requireNonNull(memory.memory().slice(requestAddress, PAGE));
    reply = Objects.requireNonNull(memory.memory().slice(replyAddress, PAGE));
    queue.onUsed(this::used);
  }

  /**
   * Sends a request.
   *
   * @param name for error messages
   * @param writeRequest puts {@code requestBytes} into the buffer it is given
   * @param replyBytes expected after the status
   * @return those bytes, valid until the next request; fails with an {@link IOException} that names
   *     the status if it is not OK
   */
  Future<ByteBuffer> send(
      String name, int requestBytes, Consumer<ByteBuffer> writeRequest, int replyBytes) {
    Promise<ByteBuffer> promise = Promise.promise();
    waiting.add(new Pending(name, replyBytes, requestBytes, writeRequest, promise));
    next();
    return promise.future();
  }

  private void next() {
    if (active != null || waiting.isEmpty()) {
      return;
    }
    Pending pending = waiting.remove();
    active = pending;
    pending.writeRequest.accept(request);
    queue
        .driver()
        .add(
            new long[] {requestAddress, replyAddress},
            new int[] {pending.requestBytes, Status.SIZE + pending.replyBytes},
            1,
            1);
    queue.publish();
  }

  private void used(int head, long length) {
    Pending pending = active;
    active = null;
    if (pending != null) {
      try {
        pending.reply.complete(result(pending, length));
      } catch (IOException e) {
        pending.reply.fail(e);
      }
    }
    next();
  }

  private ByteBuffer result(Pending pending, long length) throws IOException {
    int code = reply.getInt(0);
    Status status = length < Status.SIZE ? null : Status.of(code);
    if (status != Status.OK) {
      throw new IOException(
          pending.name
              + " was answered with "
              + (status == null ? length + " bytes, 0x" + Integer.toHexString(code) : status));
    }
    if (length < Status.SIZE + pending.replyBytes) {
      throw new IOException(pending.name + " was answered with " + length + " bytes");
    }
    return reply.slice(Status.SIZE, pending.replyBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The device is gone: what waits fails. */
  void fail(String reason) {
    IOException failure = new IOException(reason);
    if (active != null) {
      active.reply.tryFail(failure);
    }
    active = null;
    waiting.forEach(pending -> pending.reply.tryFail(failure));
    waiting.clear();
  }
}
