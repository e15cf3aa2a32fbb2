package io.vhost4j.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A device's configuration space: the bytes that a driver reads, and which of them it may write.
 * All others are read-only: a frontend writes the whole space when its guest writes a field, the
 * rest of it with what it has read before (F6). A reset of the device takes back what a driver has
 * written (C36), and nothing else. Event loop only, once the device is served.
 */
public final class DeviceConfig {
  /** That of a device which has none. */
  public static final DeviceConfig NONE = new DeviceConfig(0);

  private record Field(int offset, int length, Runnable written, boolean selects) {}

  private final byte[] bytes;

  /** What a reset puts back, in the places of the fields. */
  private final byte[] initial;

  private final List<Field> fields = new ArrayList<>();

  /** A space of so many zeros, none of which a driver may write. */
  public DeviceConfig(int size) {
    this.bytes = new byte[size];
    this.initial = new byte[size];
  }

  /** The bytes themselves, little-endian, for the device to read and to change. */
  public ByteBuffer bytes() {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Lets the driver write a field. A reset of the device gives it the value back that it has now.
   *
   * @param written called after each write of any of its bytes, also if they are the same as
   *     before. Not called at a reset: what depends on the field is for {@link
   *     VirtioDevice#reset()}, which comes behind that
   * @return this
   * @throws IndexOutOfBoundsException if the field is not inside
   */
  public DeviceConfig writable(int offset, int length, Runnable written) {
    return field(offset, length, written, false);
  }

  /**
   * Lets the driver write a selector: a field that says what the rest of the space is about.
   *
   * @param selected writes that rest: called at once, after each write, and after a reset, which
   *     gives the field its present value back
   * @return this
   * @throws IndexOutOfBoundsException if the field is not inside
   */
  public DeviceConfig selector(int offset, int length, Runnable selected) {
    field(offset, length, selected, true);
    selected.run();
    return this;
  }

  private DeviceConfig field(int offset, int length, Runnable written, boolean selects) {
    int start = Objects.checkFromIndexSize(offset, length, size());
    fields.add(new Field(start, length, written, selects));
    System.arraycopy(bytes, offset, initial, offset, length);
    return this;
  }

  /** Length in bytes. */
  public int size() {
    return bytes.length;
  }

  /**
   * The driver reads: copies the bytes from {@code offset} on into {@code target}, from its
   * position to its limit.
   *
   * @throws IndexOutOfBoundsException if they are not all inside (H8)
   */
  public void read(int offset, ByteBuffer target) {
    target.put(bytes, offset, target.remaining());
  }

  /**
   * The driver writes {@code source}, from its position to its limit, at {@code offset}.
   *
   * @throws IndexOutOfBoundsException if that is not all inside (H8)
   */
  public void write(int offset, ByteBuffer source) {
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

  /** The device is reset: what the driver has written is taken back (C36). */
  public void reset() {
    for (Field field : fields) {
      System.arraycopy(initial, field.offset, bytes, field.offset, field.length);
      if (field.selects) {
        field.written.run();
      }
    }
  }
}
