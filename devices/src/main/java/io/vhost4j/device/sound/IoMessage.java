package io.vhost4j.device.sound;

import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.virtqueue.DescriptorChain;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One buffer of the tx or rx queue on its way through a stream. Pooled by its {@link IoQueue}; the
 * fields belong to whoever has it: the event loop, or the stream's executor between the two rings.
 */
final class IoMessage extends StreamJob {
  final IoQueue queue;

  /** The buffer and its stream; null while the message is in the pool. */
  private @Nullable DescriptorChain chain;

  private @Nullable PcmStream stream;

  /** How many messages its queue had taken before; goes round. Event loop only. */
  private int number;

  /** Bytes of audio that the buffer holds or has room for. */
  int dataBytes;

  /** Bytes of audio that the backend has taken from or put into the buffer. */
  int doneBytes;

  /** Output: how much the host must have consumed in all until this buffer was heard. */
  long end;

  /** It comes back as it is: the stream is not done with it, but the ring stops. */
  boolean withdrawn;

  /** How it ended; decided before it enters the stream if it is only to keep its place (A53). */
  Status status = Status.OK;

  /** Bytes between the end of the buffer and the sound in the air, when it came back (A46). */
  int latencyBytes;

  IoMessage(IoQueue queue) {
    this.queue = queue;
  }

  void begin(int order, DescriptorChain buffer, PcmStream owner, Status initial, int bytes) {
    number = order;
    chain = buffer;
    stream = owner;
    withdrawn = false;
    dataBytes = bytes;
    doneBytes = 0;
    status = initial;
    latencyBytes = 0;
  }

  /** Compares messages of one queue that are on their way: the one taken last comes first. */
  static int newestFirst(IoMessage one, IoMessage other) {
    return other.number - one.number;
  }

  /** Back to the pool. */
  void end() {
    chain = null;
    stream = null;
  }

  /** The buffer of a message on its way. */
  DescriptorChain chain() {
    return Objects.requireNonNull(chain);
  }

  /** The stream of a message on its way. */
  PcmStream stream() {
    return Objects.requireNonNull(stream);
  }
}
