package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.EV_ABS;
import static io.vhost4j.device.input.Codes.EV_KEY;
import static io.vhost4j.device.input.Codes.EV_LED;
import static io.vhost4j.device.input.Codes.EV_MSC;
import static io.vhost4j.device.input.Codes.EV_REL;
import static io.vhost4j.device.input.Codes.EV_REP;
import static io.vhost4j.device.input.Codes.EV_SND;
import static io.vhost4j.device.input.Codes.EV_SW;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.vhost4j.device.DeviceConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The configuration space of an input device (VIRTIO 5.8.4): the driver writes what it wants to
 * know, and reads it.
 *
 * <pre>
 *  0  select u8   1  subsel u8 (both written by the driver, and kept: N3)
 *  2  size u8     3  reserved
 *  8  128 bytes: a string without NUL, a bitmap with code 0 in bit 0 of byte 0, five le32 of an
 *     axis or four le16 of ids; zeros behind size
 * </pre>
 */
final class InputConfigSpace {
  static final int SIZE = 136;

  private static final int ID_NAME = 1;
  private static final int ID_SERIAL = 2;
  private static final int ID_DEVIDS = 3;
  private static final int PROP_BITS = 0x10;
  private static final int EV_BITS = 0x11;
  private static final int ABS_INFO = 0x12;

  private static final int SUBSEL = 1;
  private static final int LENGTH = 2;
  private static final int UNION = 8;
  private static final int MOST = 128;

  /** Linux has room for 64 bytes, and wants one of them for a NUL. */
  private static final int LONGEST_STRING = 63;

  /** FF is not there: the device has no queue for effects. */
  private static final List<Integer> TYPES =
      List.of(EV_KEY, EV_REL, EV_ABS, EV_MSC, EV_SW, EV_LED, EV_SND, EV_REP);

  private static final byte[] NOTHING = new byte[0];

  private final DeviceConfig config = new DeviceConfig(SIZE);
  private final ByteBuffer bytes = config.bytes();

  /** By select and subsel; for all others the size is 0 (N1). */
  private final Map<Integer, byte[]> answers = new HashMap<>();

  private InputConfigSpace(InputDescription device) {
    answer(ID_NAME, 0, string(device.name()));
    answer(ID_SERIAL, 0, string(device.serial()));
    InputDescription.Ids ids = device.ids();
    answer(
        ID_DEVIDS,
        0,
        littleEndian(8)
            .putShort((short) ids.bus())
            .putShort((short) ids.vendor())
            .putShort((short) ids.product())
            .putShort((short) ids.version())
            .array());
    answer(PROP_BITS, 0, device.properties().toByteArray());
    for (int type : TYPES) {
      answer(EV_BITS, type, device.codes(type).toByteArray());
    }
    device
        .axes()
        .forEach(
            (code, axis) ->
                answer(
                    ABS_INFO,
                    code,
                    littleEndian(20)
                        .putInt(axis.min())
                        .putInt(axis.max())
                        .putInt(axis.fuzz())
                        .putInt(axis.flat())
                        .putInt(axis.resolution())
                        .array()));
    config.selector(0, LENGTH, this::select);
  }

  /** The space of a device that stays what it is. */
  static DeviceConfig of(InputDescription device) {
    return new InputConfigSpace(device).config;
  }

  private void answer(int select, int subsel, byte[] value) {
    answers.put(select << 8 | subsel, Arrays.copyOf(value, Math.min(value.length, MOST)));
  }

  private static ByteBuffer littleEndian(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whole characters, without a NUL (N2). */
  private static byte[] string(String text) {
    byte[] all = text.getBytes(UTF_8);
    int end = Math.min(all.length, LONGEST_STRING);
    while (end > 0 && end < all.length && (all[end] & 0xc0) == 0x80) {
      end--;
    }
    return Arrays.copyOf(all, end);
  }

  private void select() {
    int wanted = Byte.toUnsignedInt(bytes.get(0)) << 8 | Byte.toUnsignedInt(bytes.get(SUBSEL));
    byte[] answer = answers.getOrDefault(wanted, NOTHING);
    for (int i = LENGTH; i < SIZE; i++) {
      bytes.put(i, (byte) 0);
    }
    bytes.put(LENGTH, (byte) answer.length).put(UNION, answer);
  }
}
