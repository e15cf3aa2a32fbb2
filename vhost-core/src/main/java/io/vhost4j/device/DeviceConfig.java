package io.vhost4j.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A device's configuration space: the bytes that a driver reads, and which of them it may write.
 * All others are read-only: a frontend writes the whole space when its guest writes a field, the
 * rest of it with what it has read before (F6). Event loop only, once the device is served.
 */
public final class DeviceConfig {
  /** That of a device which has none. */
  public static final DeviceConfig NONE = new DeviceConfig(0);

  private record Field(int offset, int length, Runnable written) {}

  private final byte[] bytes;
  private final List<Field> fields = new ArrayList<>();

  /** A space of so many zeros, none of which a driver may write. */
  public DeviceConfig(int size) {
    this.bytes = new byte[size];
  }

  /** The bytes themselves, little-endian, for the device to read and to change. */
  public ByteBuffer bytes() {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Lets the driver write a field.
   *
   * @param written called after each write of any of its bytes, also if they are the same as before
   * @return this
   * @throws IndexOutOfBoundsException if the field is not inside
   */
  public DeviceConfig writable(int offset, int length, Runnable written) {
    fields.add(new Field(Objects.checkFromIndexSize(offset, length, size()), length, written));
    return this;
  }

  int size() {
    return bytes.length;
  }

  /** See {@link VirtioDevice#readConfig}; fails outside of the space (H8). */
  void read(int offset, ByteBuffer target) {
    target.put(bytes, offset, target.remaining());
  }

  /** See {@link VirtioDevice#writeConfig}. */
  void write(int offset, ByteBuffer source) {
    int end = Math.addExact(offset, source.remaining());
    Objects.checkFromToIndex(offset, end, size());
    int start = source.position();
    for (int i = 0; i < fields.size(); i++) {
      Field field = fields.get(i);
      int from = Math.max(offset, field.offset);
      int count = Math.min(end, field.offset + field.length) - from;
      if (count > 0) {
        source.get(start + from - offset, bytes, from, count);
        field.written.run();
      }
    }
  }
}
