package io.vhost4j.loopback;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /dev/loopback-N}, by the module's interface of version 1: its structures are drawn in the
 * module's README. Owns the open file, and with it the node.
 */
final class LoopbackNode implements CardNode {
  /** Why a device broke: {@code enum vlb_broken}. */
  private static final String[] REASONS = {
    "it did not break",
    "a question of its driver was not answered in time",
    "it could not be started",
    "more buffers came back than there were",
    "a buffer came back that was not there",
    "the driver's ring makes no sense",
    "the kernel did not take the device",
    "it was detached",
    "it was unplugged",
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
  private static final int UNPLUG = 0x0000bd09;

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

  private static final int MAX_CONFIG = 1024;

  /** How long udev may take to give a new node to its group: it is busy when a machine starts. */
  private static final Duration UNTIL_RULES_HOLD = Duration.ofSeconds(30);

  private static final Logger log = LoggerFactory.getLogger(LoopbackNode.class);

  private final Path path;
  private final DeviceFile file;
  private final ContextInternal context;
  private final ByteBuffer scratch = buffer(CONFIG_HEADER + MAX_CONFIG);
  private final ByteBuffer messages = buffer(MESSAGE_SIZE);
  private @Nullable FdRegistration watched;

  /** Nobody serves the card any more. */
  private boolean abandoned;

  /** Completes when the driver has let go of the card; null while nobody waits for that. */
  private @Nullable Promise<Void> unplugged;

  private LoopbackNode(Path path, DeviceFile file, ContextInternal context) {
    this.path = path;
    this.file = file;
    this.context = context;
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
  static LoopbackNode open(int index, ContextInternal context) throws LoopbackException {
    Path path = path(index);
    DeviceFile file;
    try {
      file = DeviceFile.open(path);
    } catch (NativeIoException e) {
      throw cannotOpen(path, e);
    }
    try {
      LoopbackNode node = new LoopbackNode(path, file, context);
      node.checkVersion();
      return node;
    } catch (LoopbackException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
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
              isNew(path));
      default -> new LoopbackException("%s: %s".formatted(path, e.getMessage()), false);
    };
  }

  /** Nodes come into being as root's alone, and udev looks at its rules then. */
  private static boolean isNew(Path path) {
    try {
      Instant made = Files.getLastModifiedTime(path).toInstant();
      return made.plus(UNTIL_RULES_HOLD).isAfter(Instant.now());
    } catch (IOException e) {
      return false;
    }
  }

  private static String missing(Path path) {
    return Files.exists(Path.of("/sys/module/virtio_loopback"))
        ? "there is no %s: load the module virtio-loopback with more nodes ('devices=N'), or choose"
                .formatted(path)
            + " another with --loopback"
        : "there is no %s, as the module virtio-loopback is not loaded: 'sudo modprobe"
                .formatted(path)
            + " virtio-loopback' loads it where it is installed, as docs/loopback.md tells";
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

  @Override
  public String name() {
    return path.toString();
  }

  @Override
  public String modules(String driver) {
    return driver;
  }

  @Override
  public void watch(FdRegistration.Handler handler) throws IOException {
    watched =
        FdRegistration.open(
            context, file.fd().duplicate(), FdRegistration.Interest.READ_LEVEL, handler);
  }

  @Override
  public long features() throws LoopbackException {
    control(GET_INFO, "ask for limits");
    return scratch.getLong(8);
  }

  @Override
  public int maxConfig() {
    return MAX_CONFIG;
  }

  /**
   * Not on the event loop: waits for the former card of this node to leave, up to 5 s; meanwhile
   * nothing else may be asked.
   */
  @Override
  public Future<Void> attach(CardOffer offer, int timeoutMillis) {
    abandoned = false;
    return context.executeBlocking(
        () -> {
          putOnBus(offer, timeoutMillis);
          return null;
        },
        false);
  }

  @Override
  public Future<Void> plug() {
    return context.succeededFuture(); // it is there since it was attached
  }

  private void putOnBus(CardOffer offer, int timeoutMillis) throws LoopbackException {
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

  /**
   * Its driver writes back what it has, if somebody serves the card, for as long as that may take.
   * What is in flight then fails.
   */
  @Override
  public Future<Void> detach() {
    if (watched == null || abandoned || !unplug()) {
      remove();
      return context.succeededFuture();
    }
    Promise<Void> gone = context.promise();
    unplugged = gone;
    long timer =
        context.setTimer(
            SERVED_MILLIS,
            id -> {
              log.warn(
                  "{}: the driver does not let go of the card, which programs may still use: what"
                      + " it has not written is lost",
                  path);
              gone.tryComplete();
            });
    return gone.future()
        .onComplete(
            done -> {
              context.owner().cancelTimer(timer);
              unplugged = null;
              remove();
            });
  }

  private boolean unplug() {
    try {
      int unused = file.control(UNPLUG);
      return true;
    } catch (NativeIoException e) {
      return false; // it broke, or there is none
    }
  }

  private void remove() {
    if (watched != null) {
      watched.close();
      watched = null;
    }
    try {
      int unused = file.control(DETACH);
    } catch (NativeIoException e) {
      // There is none.
    }
  }

  /** Called for a card that was unplugged too, as it reads as broken then. */
  @Override
  public void abandon() {
    abandoned = true;
    if (unplugged != null) {
      unplugged.tryComplete();
    }
  }

  @Override
  public List<Shared> memory() throws LoopbackException {
    control(GET_STATE, "tell its state");
    long size = scratch.getLong(24);
    try {
      // Rings are told as offsets too, so both addresses of a byte are its offset.
      return List.of(
          new Shared(new MemoryRegion(0, size, 0, 0), new OwnedFd(file.control(GET_MEMORY))));
    } catch (NativeIoException e) {
      throw failed("share its memory", e);
    }
  }

  @Override
  public GuestMemory map() throws LoopbackException, GuestMemoryException {
    Shared shared = memory().get(0);
    try (OwnedFd memory = shared.file()) {
      return GuestMemory.map(List.of(shared.region()), memory.number());
    }
  }

  @Override
  public @Nullable String broken() throws LoopbackException {
    control(GET_STATE, "tell its state");
    int broken = scratch.getInt(4);
    return broken == 0 ? null : reason(broken, scratch.getInt(8));
  }

  @Override
  public boolean isBound() throws LoopbackException {
    control(GET_STATE, "tell its state");
    return scratch.get(1) != 0;
  }

  @Override
  public String busName() throws LoopbackException {
    control(GET_STATE, "tell its state");
    byte[] name = new byte[32];
    scratch.get(32, name);
    int end = 0;
    while (end < name.length && name[end] != 0) {
      end++;
    }
    return new String(name, 0, end, US_ASCII);
  }

  private static String reason(int broken, int queue) {
    String text =
        broken > 0 && broken < REASONS.length ? REASONS[broken] : "for reason %d".formatted(broken);
    return queue == -1 ? text : "%s (queue %d)".formatted(text, queue);
  }

  @Override
  public Place queue(int index) throws LoopbackException {
    scratch.putInt(0, index);
    control(GET_QUEUE, "tell of queue " + index);
    return new Place(
        scratch.getInt(4), scratch.getLong(8), scratch.getLong(16), scratch.getLong(24));
  }

  @Override
  public void connect(QueueBell bell) throws LoopbackException {
    int index = bell.queue();
    scratch.putInt(0, index).putInt(4, bell.kick().fd().number());
    scratch.putInt(8, bell.call().fd().number()).putInt(12, 0);
    control(SET_QUEUE_FDS, "take the eventfds of queue " + index);
  }

  @Override
  public void config(int offset, ByteBuffer bytes, boolean notify) throws LoopbackException {
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

  @Override
  public @Nullable Message read() throws LoopbackException {
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

  @Override
  public void reply(Message message, boolean done) {
    scratch.putInt(0, message.id()).putInt(4, done ? 0 : 1).putInt(8, 0).putInt(12, 0);
    try {
      file.write(scratch, REPLY_HEADER);
    } catch (NativeIoException e) {
      // Too late, or the device broke, which the next read tells.
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
