package io.vhost4j.device.can;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** Frames as drivers write them, and as people do: {@code 123#0102}, {@code 1f334455##0aabb}. */
final class Frames {
  static final int TX = 0x0001;
  static final int RX = 0x0101;

  private Frames() {}

  /** In guest memory. */
  static byte[] raw(int type, int length, int flags, int id, byte[] data) {
    return ByteBuffer.allocate(CanFrame.HEADER + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) type)
        .putShort((short) length)
        .putInt(0)
        .putInt(flags)
        .putInt(id)
        .put(data)
        .array();
  }

  /** A frame to be sent. */
  static byte[] tx(String text) {
    return raw(TX, text);
  }

  /** A frame that was received. */
  static byte[] rx(String text) {
    return raw(RX, text);
  }

  private static byte[] raw(int type, String text) {
    CanFrame frame = frame(text);
    byte[] data = new byte[frame.length()];
    frame.data().get(data);
    return raw(type, frame.length(), frame.flags(), frame.id(), data);
  }

  /** What such a text means; {@code R4} for data is a remote frame that asks for 4 bytes. */
  static CanFrame frame(String text) {
    int hash = text.indexOf('#');
    String id = text.substring(0, hash);
    int flags = id.length() == 8 ? CanFrame.EXTENDED : 0;
    String rest = text.substring(hash + 1);
    if (rest.startsWith("#")) {
      flags |= CanFrame.FD;
      rest = rest.substring(2);
    }
    boolean isRemote = rest.startsWith("R");
    byte[] data =
        isRemote ? new byte[Integer.parseInt(rest.substring(1))] : HexFormat.of().parseHex(rest);
    CanFrame frame = new CanFrame();
    frame
        .set(isRemote ? flags | CanFrame.RTR : flags, Integer.parseUnsignedInt(id, 16), data.length)
        .put(data);
    return frame;
  }

  static String text(CanFrame frame) {
    byte[] data = new byte[frame.length()];
    frame.data().get(data);
    return String.format(frame.has(CanFrame.EXTENDED) ? "%08x" : "%03x", frame.id())
        + (frame.has(CanFrame.FD) ? "##0" : "#")
        + (frame.has(CanFrame.RTR) ? "R" + frame.length() : HexFormat.of().formatHex(data));
  }
}
