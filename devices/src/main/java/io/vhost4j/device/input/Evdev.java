package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.EV_ABS;
import static io.vhost4j.device.input.Codes.EV_KEY;
import static io.vhost4j.device.input.Codes.EV_LED;
import static io.vhost4j.device.input.Codes.EV_MSC;
import static io.vhost4j.device.input.Codes.EV_REL;
import static io.vhost4j.device.input.Codes.EV_REP;
import static io.vhost4j.device.input.Codes.EV_SND;
import static io.vhost4j.device.input.Codes.EV_SW;
import static io.vhost4j.device.input.Codes.EV_SYN;
import static io.vhost4j.device.input.Codes.MT_FIRST;
import static io.vhost4j.device.input.Codes.MT_LAST;
import static io.vhost4j.device.input.Codes.SYN_REPORT;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.input.InputDescription.Axis;
import io.vhost4j.device.input.InputDescription.Ids;
import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/** An open event device of Linux, {@code /dev/input/eventN}. One thread at a time. */
class Evdev implements AutoCloseable {
  /** Length of a {@code struct input_event}: two 64-bit numbers of time, type, code, value. */
  static final int EVENT_SIZE = 24;

  private static final int TYPE = 16;
  private static final int CODE = 18;
  private static final int VALUE = 20;

  private static final int GET_IDS = 2;
  private static final int GET_NAME = 6;
  private static final int GET_SERIAL = 8;
  private static final int GET_PROPERTIES = 9;
  private static final int GET_CONTACTS = 10;
  private static final int GET_KEYS = 0x18;
  private static final int GET_SWITCHES = 0x1b;
  private static final int GET_BITS = 0x20;
  private static final int GET_AXIS = 0x40;

  /** Its argument is only looked at for being 0. */
  private static final int GRAB = 0x4004_4590;

  private static final int READING = 2 << 30;
  private static final int GROUP = 'E' << 8;
  private static final int LONGEST_TEXT = 256;
  private static final int LONGEST_BITS = Codes.KEY_COUNT / Byte.SIZE;

  /** Events that one read gives at most. */
  private static final int BATCH = 64;

  private final DeviceFile file;
  private final ByteBuffer events = buffer(BATCH * EVENT_SIZE);

  /** Two of them, as a light is set in a frame. */
  private final ByteBuffer output = buffer(2 * EVENT_SIZE);

  Evdev(DeviceFile file) {
    this.file = file;
  }

  /**
   * Opens a device, and makes sure that it is one. Blocks for as long as the device takes to wake.
   *
   * @throws DeviceException if it cannot be had; the message says what to do
   */
  static Evdev open(Path path) throws DeviceException {
    DeviceFile opened;
    try {
      opened = DeviceFile.openSlow(path); // the last close may put the device to sleep
    } catch (NativeIoException e) {
      throw switch (e.errno()) {
        case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV ->
            new DeviceException(
                path.startsWith("/dev")
                    ? "there is no %s: plug the device in; 'ls -l /dev/input/by-id' tells what there is"
                        .formatted(path)
                    : "there is no recording %s".formatted(path));
        case Errno.EACCES, Errno.EPERM ->
            new DeviceException(
                ("%s may not be opened for reading and writing: let this user into its group, most"
                        + " likely by 'sudo usermod -aG input USER' and a new login")
                    .formatted(path));
        default -> new DeviceException("%s: %s".formatted(path, e.getMessage()));
      };
    }
    Evdev device = new Evdev(opened);
    try {
      device.get(GET_IDS, buffer(8));
    } catch (NativeIoException e) {
      device.close();
      throw new DeviceException(
          "%s is no event device (%s): give a /dev/input/eventN, or a recording of 'evemu-record'"
              .formatted(path, e.getMessage()));
    }
    return device;
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
  }

  private int get(int number, ByteBuffer target) throws NativeIoException {
    return file.control(READING | target.capacity() << 16 | GROUP | number, target);
  }

  /** What it is. */
  InputDescription describe() throws NativeIoException {
    ByteBuffer ids = buffer(8);
    int unused = get(GET_IDS, ids);
    BitSet types = bits(GET_BITS);
    Map<Integer, BitSet> codes = new HashMap<>();
    for (int type : new int[] {EV_KEY, EV_REL, EV_ABS, EV_MSC, EV_SW, EV_LED, EV_SND}) {
      if (types.get(type)) {
        BitSet known = bits(GET_BITS + type);
        known.clear(Codes.count(type), Math.max(known.length(), Codes.count(type)));
        codes.put(type, known);
      }
    }
    if (types.get(EV_REP)) {
      BitSet both = new BitSet();
      both.set(0, Codes.count(EV_REP));
      codes.put(EV_REP, both);
    }
    Map<Integer, Axis> axes = new HashMap<>();
    for (int code : codes.getOrDefault(EV_ABS, new BitSet()).stream().toArray()) {
      ByteBuffer axis = axis(code);
      axes.put(
          code,
          new Axis(
              axis.getInt(4), axis.getInt(8), axis.getInt(12), axis.getInt(16), axis.getInt(20)));
    }
    return new InputDescription(
        text(GET_NAME),
        text(GET_SERIAL),
        new Ids(
            Short.toUnsignedInt(ids.getShort(0)),
            Short.toUnsignedInt(ids.getShort(2)),
            Short.toUnsignedInt(ids.getShort(4)),
            Short.toUnsignedInt(ids.getShort(6))),
        bits(GET_PROPERTIES),
        codes,
        axes);
  }

  private BitSet bits(int number) throws NativeIoException {
    ByteBuffer bits = buffer(LONGEST_BITS);
    int length = get(number, bits);
    return BitSet.valueOf(bits.limit(Math.min(length, LONGEST_BITS)));
  }

  private String text(int number) throws NativeIoException {
    ByteBuffer text = buffer(LONGEST_TEXT);
    int length;
    try {
      length = get(number, text);
    } catch (NativeIoException e) {
      if (e.errno() == Errno.ENOENT) {
        return ""; // the device has none
      }
      throw e;
    }
    byte[] bytes = new byte[Math.max(0, Math.min(length, LONGEST_TEXT) - 1)]; // a NUL is last
    text.get(0, bytes);
    return new String(bytes, UTF_8);
  }

  private ByteBuffer axis(int code) throws NativeIoException {
    ByteBuffer axis = buffer(24);
    int unused = get(GET_AXIS + code, axis);
    return axis;
  }

  /** What is held, and how switches and axes are set. */
  InputState state(InputDescription device) throws NativeIoException {
    InputState state = new InputState(device.slots());
    bits(GET_KEYS).stream().forEach(code -> state.apply(EV_KEY, code, 1));
    if (!device.codes(EV_SW).isEmpty()) {
      bits(GET_SWITCHES).stream()
          .filter(code -> device.has(EV_SW, code))
          .forEach(code -> state.apply(EV_SW, code, 1));
    }
    for (int code : device.axes().keySet()) {
      boolean ofContact = code >= MT_FIRST && code <= MT_LAST;
      if (!ofContact) {
        state.apply(EV_ABS, code, axis(code).getInt(0));
      } else if (device.slots() > 0) {
        ByteBuffer contacts = buffer(Integer.BYTES * (1 + device.slots()));
        contacts.putInt(0, code);
        int unused = get(GET_CONTACTS, contacts);
        for (int slot = 0; slot < device.slots(); slot++) {
          state.contact(slot, code, contacts.getInt(Integer.BYTES * (1 + slot)));
        }
      }
    }
    return state;
  }

  /** Takes the device for this file alone: no other program has its events then. */
  void grab(boolean grabbed) throws NativeIoException {
    int unused = grabbed ? file.control(GRAB, events) : file.control(GRAB);
  }

  /** A new descriptor of the open file, to be watched. */
  OwnedFd watchable() throws NativeIoException {
    return file.fd().duplicate();
  }

  /**
   * Reads what has happened.
   *
   * @return how many events there are, to be looked at until the next call; 0 if there is none now
   * @throws IOException if the device is gone
   */
  int read() throws IOException {
    int length = file.read(events);
    return length == DeviceFile.NOTHING ? 0 : length / EVENT_SIZE;
  }

  int type(int event) {
    return Short.toUnsignedInt(events.getShort(event * EVENT_SIZE + TYPE));
  }

  int code(int event) {
    return Short.toUnsignedInt(events.getShort(event * EVENT_SIZE + CODE));
  }

  int value(int event) {
    return events.getInt(event * EVENT_SIZE + VALUE);
  }

  /** Switches a light or a sound. */
  void write(int type, int code, int value) throws NativeIoException {
    output.putShort(TYPE, (short) type).putShort(CODE, (short) code).putInt(VALUE, value);
    output.putShort(EVENT_SIZE + TYPE, (short) EV_SYN);
    output.putShort(EVENT_SIZE + CODE, (short) SYN_REPORT);
    file.write(output, output.capacity());
  }

  @Override
  public void close() {
    file.close();
  }
}
