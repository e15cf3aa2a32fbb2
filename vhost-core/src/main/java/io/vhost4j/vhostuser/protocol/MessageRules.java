package io.vhost4j.vhostuser.protocol;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Judges a message that came in by its row of the table (C2, E4 to E6, E8). */
public final class MessageRules {
  private MessageRules() {}

  /**
   * What is wrong with a message.
   *
   * @param fatal whether the connection has to be closed (E4); otherwise the message is refused
   *     with an acknowledgement if the sender waits for one, and the connection is closed if not
   * @param reason one line for the log
   */
  public record Violation(boolean fatal, String reason) {}

  /**
   * Checks form and legality of a request; what its values mean is left to the receiver.
   *
   * @param type row of the table for {@code header.request()}, null if there is none
   * @param header the header of the request
   * @param payload the payload from position to limit, in native byte order
   * @param fds number of descriptors that came along
   * @param negotiation what has been settled so far
   * @return what is wrong, or null if nothing is
   */
  public static @Nullable Violation check(
      @Nullable MessageType type,
      MessageHeader header,
      ByteBuffer payload,
      int fds,
      Negotiation negotiation) {
    @Nullable String framing = header.framingError();
    if (framing != null) {
      return new Violation(true, framing);
    }
    if (header.isReply()) {
      // E4
      return new Violation(true, "message " + header.request() + " is a reply, not a request");
    }
    if (type == null) {
      // E5
      return new Violation(false, "unknown message " + Integer.toUnsignedString(header.request()));
    }
    if (!type.permitted(negotiation)) {
      // E5
      return new Violation(false, type.name() + " needs " + type.gate());
    }
    if (!type.payload().fits(payload)) {
      // E6
      return new Violation(
          false, type.name() + " has a payload of " + payload.remaining() + " bytes");
    }
    if (fds < type.minFds() || fds > type.maxFds()) {
      // E8
      return new Violation(false, type.name() + " came with " + fds + " descriptors");
    }
    if (type.payload() == PayloadKind.MEMORY_TABLE && fds != MemoryTable.count(payload)) {
      // E8
      return new Violation(
          false,
          "SET_MEM_TABLE of "
              + MemoryTable.count(payload)
              + " regions came with "
              + fds
              + " descriptors");
    }
    if (type.payload() == PayloadKind.VRING_FILE && VringFile.read(payload).hasFd() != (fds == 1)) {
      // E8
      return new Violation(false, type.name() + " says otherwise than its " + fds + " descriptors");
    }
    return null;
  }

  /**
   * Checks the reply to a request that was answered or acknowledged. Descriptors are never accepted
   * with a reply: no message that we send is answered with one.
   *
   * @param type the request that is due for a reply, the oldest one that has none
   * @param header the header of the reply
   * @param payload the payload from position to limit, in native byte order
   * @param fds number of descriptors that came along
   * @return what is wrong, or null if nothing is; the connection is of no use any more then
   */
  public static @Nullable String checkReply(
      MessageType type, MessageHeader header, ByteBuffer payload, int fds) {
    if (header.request() != type.id() || header.flags() != MessageHeader.REPLY_FLAGS) {
      // C2
      return String.format(
          "message %s with flags 0x%x instead of the reply to %s",
          Integer.toUnsignedString(header.request()), header.flags(), type.name());
    }
    PayloadKind reply = type.reply();
    PayloadKind expected = reply == null ? PayloadKind.U64 : reply;
    boolean configRefused = expected == PayloadKind.CONFIG && !payload.hasRemaining();
    if (!configRefused && !expected.fits(payload)) {
      // E6
      return "the reply to " + type.name() + " has " + payload.remaining() + " bytes";
    }
    // E8
    return fds == 0 ? null : "the reply to " + type.name() + " came with " + fds + " descriptors";
  }
}
