package io.vhost4j.device.gpio;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceException;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A chip of the host, by the second version of the kernel's line interface (Linux 5.10): each line
 * in use is a descriptor of its own, held as long as the guest has the line. A chip may sit behind
 * a slow bus, so that every call of it waits, and also the last close of a line; edges are read by
 * the event loop, from a descriptor of its own for the same line.
 *
 * <p>A chip that is taken away is told of once; what the guest has made of its lines is made of
 * them again when it is back.
 */
final class HostChip implements GpioChip {
  private static final String CONSUMER = "vhost-device-gpio";
  private static final int EVENTS = 16;

  /* Numbers and layouts of linux/gpio.h, in the byte order of the machine. */
  private static final int GET_CHIPINFO = 0x8044b401;
  private static final int GET_LINEINFO = 0xc100b405;
  private static final int GET_LINE = 0xc250b407;
  private static final int SET_CONFIG = 0xc110b40d;
  private static final int GET_VALUES = 0xc010b40e;
  private static final int SET_VALUES = 0xc010b40f;
  private static final int NAME_BYTES = 32;
  private static final int CHIP_LINES = 64;
  private static final int INFO_CONSUMER = 32;
  private static final int INFO_OFFSET = 64;
  private static final int REQUEST_CONSUMER = 256;
  private static final int REQUEST_CONFIG = 288;
  private static final int REQUEST_NUM_LINES = 560;
  private static final int REQUEST_FD = 588;
  private static final int REQUEST_BYTES = 592;
  private static final int CONFIG_NUM_ATTRS = 8;
  private static final int CONFIG_ATTR = 32;
  private static final int EVENT_ID = 8;
  private static final int EVENT_BYTES = 48;
  private static final int EVENT_RISING = 1;
  private static final int ATTR_OUTPUT_VALUES = 2;
  private static final long FLAG_INPUT = 1L << 2;
  private static final long FLAG_OUTPUT = 1L << 3;
  private static final long FLAG_RISING = 1L << 4;
  private static final long FLAG_FALLING = 1L << 5;

  private static final class Line {
    final int number;

    /* Of who makes the calls. */
    Use use = Use.RELEASED;
    @Nullable DeviceFile file;

    /** The event loop's. */
    @Nullable Watch watch;

    Line(int number) {
      this.number = number;
    }

    void close() {
      if (file != null) {
        file.close();
        file = null;
      }
    }
  }

  private final Path path;
  private final List<String> names;
  private final Line[] lines;

  /* Of who makes the calls. */
  private final ByteBuffer argument = direct(REQUEST_BYTES);
  private @Nullable DeviceFile chip;
  private boolean toldOfLoss;

  /** It was taken away, as a call or an edge has told: the next call looks whether it is back. */
  private volatile boolean gone;

  /* Of the event loop. */
  private final ByteBuffer events = direct(EVENTS * EVENT_BYTES);
  private @Nullable Listener listener;

  /** As far as the loop knows it is gone, and no line is watched. */
  private boolean lost;

  private volatile @Nullable DeviceContext device;

  private HostChip(Path path, DeviceFile chip, List<String> names) {
    this.path = path;
    this.chip = chip;
    this.names = names;
    this.lines = new Line[names.size()];
    for (int i = 0; i < lines.length; i++) {
      lines[i] = new Line(i);
    }
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  /**
   * Opens a chip.
   *
   * @throws DeviceException if there is none, or this user may not use it
   */
  static HostChip open(Path path) throws DeviceException {
    try {
      DeviceFile file = DeviceFile.open(path);
      return new HostChip(path, file, names(file));
    } catch (NativeIoException e) {
      throw new DeviceException(reason(path, e), e);
    }
  }

  private static String reason(Path path, NativeIoException e) {
    return switch (e.errno()) {
      case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV ->
          "there is no GPIO chip %s: 'ls /dev/gpiochip*' tells those of this machine, and sN is"
                  .formatted(path)
              + " a simulated one of N lines";
      case Errno.EACCES, Errno.EPERM ->
          "%s cannot be opened: this user may not; have it in the file's group, or a udev rule"
                  .formatted(path)
              + " give it the file";
      case Errno.ENOTTY, Errno.EINVAL ->
          "%s is no GPIO chip, or of a kernel older than Linux 5.10: name a chip, such as"
                  .formatted(path)
              + " /dev/gpiochip0";
      default -> "%s cannot be used: %s".formatted(path, e.getMessage());
    };
  }

  /** The names of a chip's lines; its file is closed if they cannot be had. */
  private static List<String> names(DeviceFile file) throws NativeIoException {
    try {
      ByteBuffer info = direct(256);
      int unused = file.control(GET_CHIPINFO, info);
      int count = info.getInt(CHIP_LINES);
      List<String> names = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        names.add(text(lineInfo(file, info, i), 0));
      }
      return List.copyOf(names);
    } catch (NativeIoException e) {
      file.close();
      throw e;
    }
  }

  private static ByteBuffer lineInfo(DeviceFile file, ByteBuffer info, int number)
      throws NativeIoException {
    clear(info);
    int unused = file.control(GET_LINEINFO, info.putInt(INFO_OFFSET, number));
    return info;
  }

  private static void clear(ByteBuffer buffer) {
    for (int i = 0; i < buffer.capacity(); i++) {
      buffer.put(i, (byte) 0);
    }
  }

  private static String text(ByteBuffer info, int start) {
    byte[] bytes = new byte[NAME_BYTES];
    info.get(start, bytes);
    String all = new String(bytes, StandardCharsets.ISO_8859_1);
    int end = all.indexOf('\0');
    return end < 0 ? all : all.substring(0, end);
  }

  @Override
  public List<String> names() {
    return names;
  }

  @Override
  public boolean mayBlock() {
    return true;
  }

  @Override
  public String toString() {
    return path.toString();
  }

  // Calls

  @Override
  public void configure(int number, Use use) throws IOException {
    Line line = lines[number];
    if (use == Use.RELEASED) {
      line.use = use;
      line.close();
      return;
    }
    look();
    try {
      apply(line, use);
    } catch (NativeIoException e) {
      throw failed(line, e);
    }
    line.use = use;
  }

  private void apply(Line line, Use use) throws NativeIoException {
    clear(argument);
    if (line.file == null) {
      request(line, use);
    } else if (use.isOutput() && line.use.isOutput()) {
      int unused = line.file.control(SET_VALUES, putValue(0, use));
    } else {
      putConfig(0, use);
      int unused = line.file.control(SET_CONFIG, argument);
    }
  }

  private void request(Line line, Use use) throws NativeIoException {
    argument.putInt(0, line.number).putInt(REQUEST_NUM_LINES, 1);
    argument.put(REQUEST_CONSUMER, CONSUMER.getBytes(StandardCharsets.US_ASCII));
    putConfig(REQUEST_CONFIG, use);
    int unused = Objects.requireNonNull(chip).control(GET_LINE, argument);
    line.file = DeviceFile.adopt(argument.getInt(REQUEST_FD));
  }

  private void putConfig(int start, Use use) {
    argument.putLong(start, flags(use));
    if (use.isOutput()) {
      argument.putInt(start + CONFIG_NUM_ATTRS, 1);
      argument.putInt(start + CONFIG_ATTR, ATTR_OUTPUT_VALUES);
      putValue(start + CONFIG_ATTR + 8, use);
    }
  }

  /** What an output drives: the value of each line, then which of them are meant. */
  private ByteBuffer putValue(int start, Use use) {
    return argument.putLong(start, use == Use.OUTPUT_HIGH ? 1 : 0).putLong(start + Long.BYTES, 1);
  }

  private static long flags(Use use) {
    return switch (use) {
      case RELEASED -> 0; // it is taken as it is
      case INPUT -> FLAG_INPUT;
      case INPUT_RISING -> FLAG_INPUT | FLAG_RISING;
      case INPUT_FALLING -> FLAG_INPUT | FLAG_FALLING;
      case INPUT_BOTH -> FLAG_INPUT | FLAG_RISING | FLAG_FALLING;
      case OUTPUT_LOW, OUTPUT_HIGH -> FLAG_OUTPUT;
    };
  }

  @Override
  public boolean isHigh(int number) throws IOException {
    Line line = lines[number];
    look();
    try {
      if (line.file == null) {
        clear(argument);
        request(line, line.use);
      }
      DeviceFile file = Objects.requireNonNull(line.file);
      int unused = file.control(GET_VALUES, argument.putLong(0, 0).putLong(Long.BYTES, 1));
      return argument.getLong(0) != 0;
    } catch (NativeIoException e) {
      throw failed(line, e);
    }
  }

  /** What to tell of a call that has failed. */
  private IOException failed(Line line, NativeIoException e) {
    if (e.errno() == Errno.ENODEV) {
      gone = true;
      return new ChipGoneException(path + " is gone");
    }
    String which = name(line);
    if (e.errno() == Errno.EBUSY) {
      return new IOException("%s is used by '%s' on the host".formatted(which, consumer(line)), e);
    }
    return new IOException("%s: %s".formatted(which, e.getMessage()), e);
  }

  private String name(Line line) {
    String name = names.get(line.number);
    return "line %d%s of %s".formatted(line.number, name.isEmpty() ? "" : " (" + name + ")", path);
  }

  private String consumer(Line line) {
    try {
      return text(lineInfo(Objects.requireNonNull(chip), direct(256), line.number), INFO_CONSUMER);
    } catch (IOException e) {
      return "?";
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws ChipGoneException if it is not
   */
  @Override
  public void look() throws IOException {
    if (!gone) {
      return;
    }
    close(); // as the next one gets its number only then
    if (!reopen()) {
      if (!toldOfLoss) {
        toldOfLoss = true; // not before lines are closed: the next chip would get their interrupts
        warn(path + " has been taken away: requests fail until it is back");
      }
      throw new ChipGoneException(path + " is gone");
    }
    gone = false;
    for (Line line : lines) {
      try {
        if (line.use != Use.RELEASED) {
          apply(line, line.use);
        }
      } catch (NativeIoException e) {
        IOException failure = failed(line, e);
        if (gone) {
          throw failure;
        }
        warn(String.valueOf(failure.getMessage()));
      }
    }
    if (toldOfLoss) {
      toldOfLoss = false;
      warn(path + " is back");
    }
  }

  private boolean reopen() {
    try {
      DeviceFile file = DeviceFile.open(path);
      if (names(file).equals(names)) {
        chip = file;
        return true;
      }
      file.close();
    } catch (NativeIoException e) {
      // Not yet.
    }
    return false;
  }

  @Override
  public void close() {
    for (Line line : lines) {
      line.close();
    }
    if (chip != null) {
      chip.close();
      chip = null;
    }
  }

  // The event loop's

  /** Edges of a line. */
  private final class Watch {
    private final Line line;
    private final DeviceFile file;
    private final FdRegistration registration;

    Watch(Line line, DeviceFile its) throws IOException {
      this.line = line;
      file = its.duplicate();
      registration =
          FdRegistration.open(
              Objects.requireNonNull(device).context(),
              file.fd(),
              FdRegistration.Interest.READ_LEVEL,
              this::read);
    }

    private void read() {
      try {
        int count = file.read(events);
        for (int at = 0; at + EVENT_BYTES <= count; at += EVENT_BYTES) {
          Objects.requireNonNull(listener)
              .edge(line.number, events.getInt(at + EVENT_ID) == EVENT_RISING);
        }
        if (count == 0) {
          lose();
        }
      } catch (NativeIoException e) {
        if (e.errno() == Errno.ENODEV) {
          lose();
        } else {
          warn("edges of %s: %s".formatted(name(line), e.getMessage()));
          unwatch(line); // or it would be ready for ever
        }
      }
    }
  }

  @Override
  public void connected(DeviceContext context, Listener whoListens) {
    device = context;
    listener = whoListens;
  }

  @Override
  public void releasing(int number) {
    unwatch(lines[number]);
  }

  private static void unwatch(Line line) {
    Watch watch = line.watch;
    if (watch != null) {
      line.watch = null;
      watch.registration.close();
    }
  }

  private void watch(Line line) {
    DeviceFile file = line.file;
    boolean tells = line.use.tells(true) || line.use.tells(false);
    if (line.watch != null || file == null || !tells) {
      return;
    }
    try {
      line.watch = new Watch(line, file);
    } catch (IOException e) {
      warn("edges of %s: %s".formatted(name(line), e.getMessage()));
    }
  }

  /** A call may have found out that the chip is gone, or back, or have opened a line. */
  @Override
  public void called() {
    if (gone) {
      lose();
      return;
    }
    for (Line line : lines) {
      watch(line);
    }
    if (lost) {
      lost = false;
      Objects.requireNonNull(listener).back();
    }
  }

  private void lose() {
    gone = true;
    if (!lost) {
      lost = true;
      for (Line line : lines) {
        unwatch(line);
      }
      Objects.requireNonNull(listener).away();
    }
  }

  private void warn(String text) {
    Objects.requireNonNull(device).log().warn("{}", text);
  }
}
