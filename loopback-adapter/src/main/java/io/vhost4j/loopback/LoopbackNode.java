package io.vhost4j.loopback;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * {@code /dev/loopback-N}, by the module's interface of version 1: its structures are drawn in the
 * module's README. Owns the open file, and with it the node. One thread at a time, but for {@link
 * #attach}.
 */
final class LoopbackNode implements AutoCloseable {
  /** Why a device broke: {@code enum vlb_broken}. */
  private static final String[] REASONS = {
    "it did not break",
    "a question of its driver was not answered in time",
    "it could not be started",
    "more buffers came back than there were",
    "a buffer came back that was not there",
    "a buffer of the driver is larger than the memory of its queue",
    "the driver's ring makes no sense",
    "the kernel did not take the device",
    "it was detached",
  };

  private static final int VERSION = 1;

  // _IOC(direction, 0xbd, number, size)
  private static final int GET_INFO = 0x8020bd00;
  private static final int ATTACH = 0x4840bd01;
  private static final int DETACH = 0x0000bd02;
  private static final int GET_MEMORY = 0x0000bd03;
  private static final int GET_STATE = 0x8040bd04;
  private static final int GET_QUEUE = 0xc040bd05;
  private static final int SET_QUEUE_FDS = 0x4010bd06;
  private static final int SET_CONFIG = 0x4410bd07;

  private static final int ATTACH_SIZE = 2112;
  private static final int ATTACH_QUEUES = 64;
  private static final int QUEUE_SPEC_SIZE = 16;
  private static final int ATTACH_CONFIG = 1088;
  private static final int QUEUE_POSTED = 1;
  private static final int CONFIG_HEADER = 16;
  private static final int CONFIG_NOTIFY = 1;
  private static final int MESSAGE_SIZE = 288;
  private static final int MESSAGE_DATA = 32;
  private static final int REPLY_HEADER = 16;

  /** Longest configuration space in bytes. */
  static final int MAX_CONFIG = 1024;

  private final Path path;
  private final DeviceFile file;
  private final ByteBuffer scratch = buffer(CONFIG_HEADER + MAX_CONFIG);
  private final ByteBuffer messages = buffer(MESSAGE_SIZE);

  private LoopbackNode(Path path, DeviceFile file) {
    this.path = path;
    this.file = file;
  }

  /**
   * What the module is and takes.
   *
   * @param features bits that a device may offer
   * @param maxMemory bytes that a device may have
   */
  record Info(long features, long maxMemory) {}

  /**
   * Where a queue is: offsets in the memory.
   *
   * @param size number of descriptors; 0 if the driver does not use the queue
   */
  record Place(int size, long descriptors, long available, long used) {}

  /**
   * How the device is.
   *
   * @param broken why it broke, null if it did not
   * @param memorySize bytes of {@link #memory()}
   * @param name that of the device on the kernel's virtio bus
   */
  record State(@Nullable String broken, long memorySize, String name) {}

  /** What a thread of the kernel asks, and waits for the reply. */
  record Message(int id, Type type, int status, long features, int offset, ByteBuffer data) {
    enum Type {
      STATUS,
      CONFIG_WRITE,
      OTHER
    }
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  static Path path(int index) {
    return Path.of("/dev/loopback-" + index);
  }

  /**
   * Opens the node and makes sure that it is one of this version.
   *
   * @throws LoopbackException if it cannot be had
   */
  static LoopbackNode open(int index) throws LoopbackException {
    Path path = path(index);
    DeviceFile file;
    try {
      file = DeviceFile.open(path);
    } catch (NativeIoException e) {
      throw cannotOpen(path, e);
    }
    LoopbackNode node = new LoopbackNode(path, file);
    try {
      node.checkVersion();
    } catch (LoopbackException e) {
      file.close();
      throw e;
    }
    return node;
  }

  private static LoopbackException cannotOpen(Path path, NativeIoException e) {
    return switch (e.errno()) {
      case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV -> new LoopbackException(missing(path), true);
      case Errno.EBUSY ->
          new LoopbackException(
              "%s is in use: end the program that has it ('fuser %s' tells which), or choose"
                      .formatted(path, path)
                  + " another node with --loopback",
              true);
      case Errno.EACCES, Errno.EPERM ->
          new LoopbackException(
              "%s: you may not open it: start this as root, or have a udev rule give the node to"
                      .formatted(path)
                  + " a group of yours",
              false);
      default -> new LoopbackException("%s: %s".formatted(path, e.getMessage()), false);
    };
  }

  private static String missing(Path path) {
    return Files.exists(Path.of("/sys/module/virtio_loopback"))
        ? "there is no %s: load the module virtio-loopback with more nodes ('devices=N'), or choose"
                .formatted(path)
            + " another with --loopback"
        : "there is no %s, as the module virtio-loopback is not loaded: 'sudo modprobe"
                .formatted(path)
            + " virtio-loopback' loads it";
  }

  private void checkVersion() throws LoopbackException {
    int version;
    try {
      int unused = file.control(GET_INFO, scratch);
      version = scratch.getInt(0);
    } catch (NativeIoException e) {
      throw new LoopbackException(
          "%s does not answer as a node of our module virtio-loopback (%s): load the one that came"
                  .formatted(path, e.getMessage())
              + " with this program",
          false);
    }
    if (version != VERSION) {
      throw new LoopbackException(
          "%s speaks version %d, this program version %d: load the module that came with it"
              .formatted(path, Integer.toUnsignedLong(version), VERSION),
          false);
    }
  }

  /** The path of the node. */
  Path path() {
    return path;
  }

  /** A new descriptor of the open file, to be watched. */
  OwnedFd watchable() throws IOException {
    return file.fd().duplicate();
  }

  Info info() throws LoopbackException {
    control(GET_INFO, "ask for limits");
    return new Info(scratch.getLong(8), scratch.getLong(16));
  }

  /**
   * Puts a device on the bus. Waits for the former one of this node to leave, up to 5 s; meanwhile
   * nothing else may be asked.
   *
   * @param timeoutMillis how long a driver is kept waiting for a reply
   */
  void attach(CardOffer offer, int timeoutMillis) throws LoopbackException {
    ByteBuffer attach = buffer(ATTACH_SIZE);
    attach.putInt(0, VERSION).putInt(8, offer.deviceType()).putLong(16, offer.features());
    attach.putInt(24, offer.queues().size()).putInt(28, offer.config().remaining());
    attach.putInt(32, timeoutMillis);
    for (int i = 0; i < offer.queues().size(); i++) {
      CardOffer.Queue queue = offer.queues().get(i);
      int at = ATTACH_QUEUES + i * QUEUE_SPEC_SIZE;
      attach.putShort(at, (short) queue.size());
      attach.putShort(at + 2, (short) (queue.posted() ? QUEUE_POSTED : 0));
      attach.putInt(at + 4, queue.memoryBytes());
    }
    ByteBuffer config = offer.config();
    attach.put(ATTACH_CONFIG, config, config.position(), config.remaining());
    try {
      int unused = file.control(ATTACH, attach);
    } catch (NativeIoException e) {
      throw notTaken(path, offer.deviceType(), e.errno(), String.valueOf(e.getMessage()));
    }
  }

  /** What it means that the module does not take a device. */
  static LoopbackException notTaken(Path path, int deviceType, int errno, String message) {
    return switch (errno) {
      case Errno.EBUSY ->
          new LoopbackException(
              "%s: programs still hold cards that have gone: end them".formatted(path), true);
      case Errno.ENOMEM ->
          new LoopbackException("%s: the kernel is short of memory".formatted(path), true);
      case Errno.E2BIG ->
          new LoopbackException(
              "%s: the device wants more memory than the module allows: raise its parameter"
                      .formatted(path)
                  + " max_memory",
              false);
      case Errno.EPROTO ->
          new LoopbackException(
              "%s speaks another version than this program: load the module that came with it"
                  .formatted(path),
              false);
      case Errno.EOPNOTSUPP ->
          new LoopbackException(
              "%s: the module takes no device of type %d, as its driver would trust it with the"
                      .formatted(path, deviceType)
                  + " kernel's memory: serve it to a virtual machine",
              false);
      case Errno.EPERM ->
          new LoopbackException(
              "%s: devices of type %d are for processes with CAP_NET_ADMIN: start this as root"
                  .formatted(path, deviceType),
              false);
      default ->
          new LoopbackException(
              "%s: the module does not take the device: %s".formatted(path, message), false);
    };
  }

  /** Takes the device away, if there is one. */
  void detach() {
    try {
      int unused = file.control(DETACH);
    } catch (NativeIoException e) {
      // There is none.
    }
  }

  /** A new descriptor of the memory that the module shares. */
  OwnedFd memory() throws LoopbackException {
    try {
      return new OwnedFd(file.control(GET_MEMORY));
    } catch (NativeIoException e) {
      throw failed("share its memory", e);
    }
  }

  State state() throws LoopbackException {
    control(GET_STATE, "tell its state");
    int broken = scratch.getInt(4);
    int queue = scratch.getInt(8);
    byte[] name = new byte[32];
    scratch.get(32, name);
    int end = 0;
    while (end < name.length && name[end] != 0) {
      end++;
    }
    return new State(
        broken == 0 ? null : reason(broken, queue),
        scratch.getLong(24),
        new String(name, 0, end, US_ASCII));
  }

  private static String reason(int broken, int queue) {
    String text =
        broken > 0 && broken < REASONS.length ? REASONS[broken] : "for reason %d".formatted(broken);
    return queue == -1 ? text : "%s (queue %d)".formatted(text, queue);
  }

  Place queue(int index) throws LoopbackException {
    scratch.putInt(0, index);
    control(GET_QUEUE, "tell of queue " + index);
    return new Place(
        scratch.getInt(4), scratch.getLong(8), scratch.getLong(16), scratch.getLong(24));
  }

  /** Gives the module the eventfds of a queue, or takes them away, where null is given. */
  void queueFds(int index, @Nullable OwnedFd kick, @Nullable OwnedFd call)
      throws LoopbackException {
    scratch.putInt(0, index).putInt(4, kick == null ? -1 : kick.number());
    scratch.putInt(8, call == null ? -1 : call.number()).putInt(12, 0);
    control(SET_QUEUE_FDS, "take the eventfds of queue " + index);
  }

  /**
   * Changes configuration space, as drivers read it.
   *
   * @param bytes from position to limit
   * @param notify whether the driver is told
   */
  void config(int offset, ByteBuffer bytes, boolean notify) throws LoopbackException {
    scratch.putInt(0, offset).putInt(4, bytes.remaining());
    scratch.putInt(8, notify ? CONFIG_NOTIFY : 0).putInt(12, 0);
    scratch.put(CONFIG_HEADER, bytes, bytes.position(), bytes.remaining());
    control(SET_CONFIG, "change configuration space");
  }

  private void control(int request, String what) throws LoopbackException {
    try {
      int unused = file.control(request, scratch);
    } catch (NativeIoException e) {
      throw failed(what, e);
    }
  }

  private LoopbackException failed(String what, NativeIoException e) {
    return new LoopbackException(
        "%s: the module did not %s: %s".formatted(path, what, e.getMessage()), true);
  }

  /**
   * The next message.
   *
   * @return null if there is none now
   * @throws LoopbackException if the device broke
   */
  @Nullable Message read() throws LoopbackException {
    try {
      if (file.read(messages) == DeviceFile.NOTHING) {
        return null;
      }
    } catch (NativeIoException e) {
      throw failed("go on", e);
    }
    int length = Math.min(Math.max(messages.getInt(20), 0), MESSAGE_SIZE - MESSAGE_DATA);
    byte[] data = new byte[length];
    messages.get(MESSAGE_DATA, data);
    return new Message(
        messages.getInt(0),
        switch (messages.getShort(4)) {
          case 1 -> Message.Type.STATUS;
          case 3 -> Message.Type.CONFIG_WRITE;
          default -> Message.Type.OTHER;
        },
        Byte.toUnsignedInt(messages.get(6)),
        messages.getLong(8),
        messages.getInt(16),
        ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN));
  }

  /** Answers a message; if nobody waits for it any more, nobody hears. */
  void reply(Message message, boolean done) {
    scratch.putInt(0, message.id()).putInt(4, done ? 0 : 1).putInt(8, 0).putInt(12, 0);
    try {
      file.write(scratch, REPLY_HEADER);
    } catch (NativeIoException e) {
      // Too late, or the device broke, which the next read tells.
    }
  }

  /** Takes the device away and lets the node go. */
  @Override
  public void close() {
    file.close();
  }
}
