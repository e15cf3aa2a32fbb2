package io.vhost4j.vhostuser.protocol;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The 12 bytes before every payload.
 *
 * <pre>
 *   0        4        8        12
 *   | id u32 | flags  | size   |
 * </pre>
 *
 * @param request message id, see {@link FrontendMessage} and {@link BackendMessage}
 * @param flags version in bits 0 and 1, {@link #FLAG_REPLY}, {@link #FLAG_NEED_REPLY}
 * @param size payload length in bytes, as an unsigned 32-bit number
 */
public record MessageHeader(int request, int flags, int size) {
  /** Length of a header in bytes. */
  public static final int SIZE = 12;

  /** The only version of the protocol. */
  public static final int VERSION = 1;

  /** Set on every reply, and on nothing else. */
  public static final int FLAG_REPLY = 1 << 2;

  /** The sender waits for an acknowledgement (needs REPLY_ACK, C9). */
  public static final int FLAG_NEED_REPLY = 1 << 3;

  /** The flags of every reply, exactly: QEMU takes no others. */
  public static final int REPLY_FLAGS = VERSION | FLAG_REPLY;

  /**
   * Largest payload in bytes that is accepted, the limit of rust-vmm (C3, the standard names none).
   * The largest defined payloads are the shared memory configuration (2056), a configuration space
   * (12 + n) and a memory table of 32 regions (1032).
   */
  public static final int MAX_PAYLOAD = 4096;

  private static final int VERSION_MASK = 0x3;
  private static final int REQUEST_OFFSET = 0;
  private static final int FLAGS_OFFSET = 4;
  private static final int SIZE_OFFSET = 8;

  /** The header of a request. */
  public static MessageHeader request(int request, boolean needReply, int size) {
    return new MessageHeader(request, needReply ? VERSION | FLAG_NEED_REPLY : VERSION, size);
  }

  /** The header of the reply to this request: the same id, and flags of exactly 5 (C2). */
  public MessageHeader reply(int payloadSize) {
    return new MessageHeader(request, REPLY_FLAGS, payloadSize);
  }

  /** Reads the header at the start of {@code buffer}, which is in native byte order. */
  public static MessageHeader read(ByteBuffer buffer) {
    return new MessageHeader(
        buffer.getInt(REQUEST_OFFSET), buffer.getInt(FLAGS_OFFSET), buffer.getInt(SIZE_OFFSET));
  }

  /** Writes the header to the start of {@code buffer}, which is in native byte order. */
  public void write(ByteBuffer buffer) {
    buffer.putInt(REQUEST_OFFSET, request);
    buffer.putInt(FLAGS_OFFSET, flags);
    buffer.putInt(SIZE_OFFSET, size);
  }

  /** Version of the protocol that the sender claims, 0 to 3. */
  public int version() {
    return flags & VERSION_MASK;
  }

  /** Whether this is a reply. */
  public boolean isReply() {
    return (flags & FLAG_REPLY) != 0;
  }

  /** Whether the sender asks for an acknowledgement. */
  public boolean needsReply() {
    return (flags & FLAG_NEED_REPLY) != 0;
  }

  /**
   * Why nothing more can be read after this header: a version that we do not know or a payload
   * above {@link #MAX_PAYLOAD} (E4).
   *
   * @return the reason, or null if the header is sound
   */
  public @Nullable String framingError() {
    if (version() != VERSION) {
      // E4
      return "message " + request + " has protocol version " + version();
    }
    if (Integer.compareUnsigned(size, MAX_PAYLOAD) > 0) {
      // E4
      return "message "
          + request
          + " announces a payload of "
          + Integer.toUnsignedString(size)
          + " bytes, more than "
          + MAX_PAYLOAD;
    }
    return null;
  }
}
