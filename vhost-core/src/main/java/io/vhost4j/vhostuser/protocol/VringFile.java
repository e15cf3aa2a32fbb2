package io.vhost4j.vhostuser.protocol;

import java.nio.ByteBuffer;

/**
 * The payload of SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR: a 64-bit number with the ring in
 * bits 0 to 7 and, in bit 8, whether no descriptor comes along.
 *
 * @param index the ring, 0 to 255
 * @param hasFd whether a descriptor comes along; without one the peer polls
 */
public record VringFile(int index, boolean hasFd) {
  private static final long INDEX_MASK = 0xff;
  private static final long NO_FD = 1L << 8;

  /** Reads the payload from the buffer's position on. */
  public static VringFile read(ByteBuffer payload) {
    long value = Payload.readU64(payload);
    return new VringFile((int) (value & INDEX_MASK), (value & NO_FD) == 0);
  }

  /** The payload as bytes. */
  public ByteBuffer encode() {
    return Payload.u64((index & INDEX_MASK) | (hasFd ? 0 : NO_FD));
  }
}
