package io.vhost4j.loopback;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.EventFd;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.virtqueue.VirtqueueException;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device of VDUSE by version 0 of its interface ({@code linux/vduse.h}): {@code
 * /dev/vduse/loopback-N}, and {@code loopback-N} on the vDPA bus. It is made for each card anew.
 *
 * <p>The kernel copies buffers into memory of its own, where rings are too: one file, whose offsets
 * are the addresses that the driver tells. It takes interrupts by a call of this process alone,
 * gives nothing back when the device goes, and keeps it when this process dies. Therefore the rings
 * are {@linkplain MirroredRing mirrored}: kicks and calls go through here, and a driver whose
 * device is gone has its buffers failed.
 */
final class VduseNode implements CardNode {
  /** What makes devices. */
  static final Path CONTROL = Path.of("/dev/vduse/control");

  private static final Logger log = LoggerFactory.getLogger(VduseNode.class);

  // _IOC(direction, 0x81, number, size), of /dev/vduse/control
  private static final int SET_API_VERSION = 0x40088101;
  private static final int CREATE_DEVICE = 0x41508102;
  private static final int DESTROY_DEVICE = 0x41008103;

  // and of a device
  private static final int IOTLB_GET_FD = 0xc0208110;
  private static final int GET_FEATURES = 0x80088111;
  private static final int SET_CONFIG = 0x40088112;
  private static final int INJECT_CONFIG_INTERRUPT = 0x00008113;
  private static final int QUEUE_SETUP = 0x40208114;
  private static final int QUEUE_INFO = 0xc0308115;
  private static final int QUEUE_KICK = 0x40088116;
  private static final int QUEUE_INTERRUPT = 0x40048117;

  private static final int NAME_BYTES = 256;
  private static final int CREATE_HEADER = 336;
  private static final int CONFIG_HEADER = 8;
  private static final int MAX_CONFIG = 4096;
  private static final int MESSAGE_BYTES = 152;
  private static final int MESSAGE_DATA = 24;
  private static final int SET_STATUS = 1;
  private static final int UPDATE_IOTLB = 2;

  /** What of a driver's status concerns who serves the card. */
  private static final int TOLD =
      DeviceStatus.FEATURES_OK | DeviceStatus.DRIVER_OK | DeviceStatus.FAILED;

  private static final int PAGE = 4096;

  private static final int NET = 1;
  private static final int BLOCK = 2;
  private static final int FILE_SYSTEM = 26;

  /** Those of devices, and of rings what {@link MirroredRing} can do. */
  private static final long POSSIBLE =
      0xff_ffffL | VirtioFeature.INDIRECT_DESC | VirtioFeature.VERSION_1 | -1L << 50;

  /** It wants configuration space written. */
  private static final long BLOCK_CONFIG_WCE = 1L << 11;

  /** The control queue, and all that needs it: the kernel would wait for its answers. */
  private static final long NET_CONTROL = 0x7fL << 17;

  /** Where the copies of rings are in a device's memory. */
  private static final long MIRRORS = 1L << 40;

  /** How long the kernel may take to let go of a device. */
  private static final long DETACH_MILLIS = 8_000;

  private final String name;
  private final ContextInternal context;
  private final Consumer<String> lost;
  private final DeviceFile control;
  private final ByteBuffer scratch = buffer(CONFIG_HEADER + MAX_CONFIG);
  private final ByteBuffer messages = buffer(MESSAGE_BYTES);

  /** By index. */
  private final List<Ring> rings = new ArrayList<>();

  private final DriverInterrupt configInterrupt;
  private @Nullable DeviceFile device;
  private int status;
  private boolean plugged;
  private boolean abandoned;
  private boolean isBroken;

  /** Open as long as there is a device. */
  private @Nullable FdRegistration watched;

  /** The kernel's memory, from the start of the queues to the next reset. */
  private @Nullable OwnedFd kernelFile;

  private @Nullable GuestMemory kernelMemory;
  private MemoryRegion kernelRegion = new MemoryRegion(0, PAGE, 0, 0);

  /** With the copies of all rings. */
  private @Nullable OwnedFd mirrorFile;

  private @Nullable GuestMemory mirrorMemory;

  private VduseNode(
      String name, ContextInternal context, Consumer<String> lost, DeviceFile control) {
    this.name = name;
    this.context = context;
    this.lost = lost;
    this.control = control;
    configInterrupt =
        new DriverInterrupt(context, this::interruptForConfig, this::interruptForConfigAgain);
  }

  /** A queue that the driver has set up. */
  private final class Ring {
    private final int index;
    private final int size;
    private final VringAddresses addresses;
    private @Nullable FdRegistration kicks;
    private @Nullable FdRegistration calls;

    /** Null while nobody serves the queue. */
    private @Nullable MirroredRing mirrored;

    private final DriverInterrupt interrupt =
        new DriverInterrupt(context, this::interrupt, this::interruptAgain);

    Ring(int index, int size, VringAddresses addresses) {
      this.index = index;
      this.size = size;
      this.addresses = addresses;
    }

    private ByteBuffer slice(GuestMemory memory, long address, int length)
        throws LoopbackException {
      ByteBuffer found = memory.slice(address, length);
      if (found == null) {
        throw new LoopbackException("%s: a ring lies outside of memory".formatted(name()), true);
      }
      return found;
    }

    void serve(QueueBell bell) throws IOException {
      MirroredRing served =
          new MirroredRing(
              size,
              slice(kernelMemory(), addresses.availRing(), 6 + 2 * size),
              slice(kernelMemory(), addresses.usedRing(), 6 + 8 * size),
              slice(
                  mirrorMemory(),
                  MIRRORS + (long) index * MirroredRing.MIRROR_BYTES,
                  MirroredRing.MIRROR_BYTES));
      mirrored = served;
      FdRegistration.Handler back =
          () ->
              guard(
                  () -> {
                    if (mirrored == served && served.giveBack()) {
                      interrupt.request();
                    }
                  });
      calls =
          FdRegistration.open(
              context, bell.call().fd().duplicate(), FdRegistration.Interest.READ_EDGE, back);
      watchKicks(
          () ->
              guard(
                  () -> {
                    if (mirrored == served && served.forward()) {
                      bell.kick().signal();
                    }
                  }));
    }

    private void watchKicks(FdRegistration.Handler handler) throws IOException {
      EventFd kick = EventFd.create();
      scratch.putInt(0, index).putInt(4, kick.fd().number());
      try {
        control(QUEUE_KICK, "take the eventfd of queue " + index);
      } catch (LoopbackException e) {
        kick.close();
        throw e;
      }
      kicks = kick.watch(context, handler);
      handler.ready(); // of what came before
    }

    void failAll() {
      stop();
      guard(
          () ->
              watchKicks(
                  () ->
                      guard(
                          () -> {
                            if (MirroredRing.fail(kernelMemory(), size, addresses, negotiated())) {
                              interrupt.request();
                            }
                          })));
    }

    private boolean interrupt() throws LoopbackException {
      scratch.putInt(0, index);
      return isInterrupted(QUEUE_INTERRUPT, scratch);
    }

    private void interruptAgain() {
      if (rings.contains(this)) { // not since the driver has set up others
        guard(interrupt::request);
      }
    }

    void stop() {
      mirrored = null;
      if (kicks != null) {
        kicks.close();
        kicks = null;
      }
      if (calls != null) {
        calls.close();
        calls = null;
      }
    }
  }

  /** What is done with rings. */
  private interface RingWork {
    void run() throws IOException, VirtqueueException;
  }

  private void guard(RingWork work) {
    try {
      work.run();
    } catch (IOException | VirtqueueException | InternalError e) {
      // An InternalError: the kernel has taken the memory away.
      if (abandoned) {
        // It goes already, and what is lost is abandoned: that would never end.
        log.debug("{}: not failed: {}", name(), e.getMessage());
      } else {
        lost.accept(String.valueOf(e.getMessage()));
      }
    }
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Opens what makes devices.
   *
   * @param lost told why a card cannot go on, where its rings show it
   * @throws LoopbackException if the kernel has no VDUSE, or this user may not use it
   */
  static VduseNode open(int index, ContextInternal context, Consumer<String> lost)
      throws LoopbackException {
    DeviceFile control;
    try {
      control = DeviceFile.open(CONTROL);
    } catch (NativeIoException e) {
      throw cannotOpen(e);
    }
    VduseNode node = new VduseNode("loopback-" + index, context, lost, control);
    try {
      node.scratch.putLong(0, 0);
      int unused = control.control(SET_API_VERSION, node.scratch);
      node.openFormer();
      return node;
    } catch (NativeIoException e) {
      control.close();
      throw new LoopbackException(
          "%s does not speak version 0 of VDUSE: %s".formatted(CONTROL, e.getMessage()), false);
    } catch (LoopbackException e) {
      control.close();
      throw e;
    }
  }

  private static LoopbackException cannotOpen(NativeIoException e) {
    return switch (e.errno()) {
      case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV ->
          new LoopbackException(
              "there is no %s: 'sudo modprobe -a vduse virtio_vdpa' loads VDUSE, where the kernel"
                      .formatted(CONTROL)
                  + " has it; any kernel takes our module virtio-loopback",
              true);
      case Errno.EACCES, Errno.EPERM ->
          new LoopbackException(
              "%s: you may not open it: start this as root".formatted(CONTROL), false);
      default -> new LoopbackException("%s: %s".formatted(CONTROL, e.getMessage()), false);
    };
  }

  /** Whether the VDUSE of some kernel takes a device of this type. */
  static boolean takes(int deviceType) {
    return deviceType == NET || deviceType == BLOCK || deviceType == FILE_SYSTEM;
  }

  /** What it means that a device is not made. */
  static LoopbackException notTaken(String name, int deviceType, int errno, String message) {
    return switch (errno) {
      case Errno.EINVAL ->
          new LoopbackException(
              "%s: VDUSE of this kernel takes no device of type %d (most take type 1, net, and 2,"
                      .formatted(name, deviceType)
                  + " block, alone): load our module virtio-loopback",
              false);
      case Errno.EPERM ->
          new LoopbackException(
              "%s: devices of type %d are for processes with CAP_NET_ADMIN: start this as root"
                  .formatted(name, deviceType),
              false);
      case Errno.ENOMEM ->
          new LoopbackException("%s: the kernel is short of memory".formatted(name), true);
      case Errno.EEXIST ->
          new LoopbackException(
              "%s: the card that was there has not gone yet: end the programs that use it"
                  .formatted(name),
              true);
      default ->
          new LoopbackException(
              "%s: VDUSE does not take the device: %s".formatted(name, message), false);
    };
  }

  private DeviceFile device() throws LoopbackException {
    if (device == null) {
      throw new LoopbackException("%s: there is no device".formatted(name()), true);
    }
    return device;
  }

  private Path path() {
    return CONTROL.resolveSibling(name);
  }

  @Override
  public String name() {
    return path().toString();
  }

  @Override
  public long features() {
    return POSSIBLE;
  }

  @Override
  public int maxConfig() {
    return MAX_CONFIG;
  }

  @Override
  public String modules(String driver) {
    return "-a virtio_vdpa " + driver;
  }

  @Override
  public Future<Void> attach(CardOffer offer, int timeoutMillis) {
    try {
      create(offer);
      return context.succeededFuture();
    } catch (IOException e) {
      return destroy().transform(gone -> Future.failedFuture(e));
    }
  }

  /**
   * Opens a device of this name that is there already: one that nobody else has is of a process
   * that was killed.
   */
  private void openFormer() throws LoopbackException {
    if (device != null || !Files.exists(path())) {
      return;
    }
    try {
      device = DeviceFile.open(path());
    } catch (NativeIoException e) {
      throw new LoopbackException(
          e.errno() == Errno.EBUSY
              ? "%s is in use: end the program that has it ('fuser %s' tells which), or choose"
                      .formatted(name(), name())
                  + " another N with --loopback"
              : "%s: %s".formatted(name(), e.getMessage()),
          true);
    }
  }

  /** The driver of such a device waits for answers and buffers. */
  @Override
  public Future<Void> removeFormer() {
    try {
      openFormer();
      if (device == null) {
        return Future.succeededFuture();
      }
      watch(this::answerAll);
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
    plugged = Files.exists(Path.of("/sys/bus/vdpa/devices", name));
    abandon();
    return detach();
  }

  private void answerAll() {
    try {
      for (Message message = read(); message != null; message = read()) {
        reply(message, true);
      }
    } catch (LoopbackException e) {
      // It broke: nobody waits for answers.
    }
  }

  private void create(CardOffer offer) throws IOException {
    int type = offer.deviceType();
    int length = offer.config().remaining();
    ByteBuffer create = named(CREATE_HEADER + length);
    create.putInt(NAME_BYTES + 4, type);
    create.putLong(NAME_BYTES + 8, possible(type, offer.features()));
    create.putInt(NAME_BYTES + 16, offer.queues().size()).putInt(NAME_BYTES + 20, PAGE);
    create.putInt(CREATE_HEADER - 4, length);
    create.put(CREATE_HEADER, offer.config(), offer.config().position(), length);
    try {
      int unused = control.control(CREATE_DEVICE, create);
    } catch (NativeIoException e) {
      throw notTaken(name(), type, e.errno(), String.valueOf(e.getMessage()));
    }
    status = 0;
    abandoned = false;
    isBroken = false;
    device = DeviceFile.open(path());
    for (int i = 0; i < offer.queues().size(); i++) {
      clearScratch(32);
      scratch.putInt(0, i).putShort(4, (short) offer.queues().get(i).size());
      control(QUEUE_SETUP, "take queue " + i);
    }
    makeMirrors(offer.queues().size());
  }

  private static long possible(int deviceType, long offered) {
    long never =
        switch (deviceType) {
          case BLOCK -> BLOCK_CONFIG_WCE;
          case NET -> NET_CONTROL;
          default -> 0;
        };
    return (offered & POSSIBLE & ~never) | VirtioFeature.ACCESS_PLATFORM;
  }

  private void makeMirrors(int queues) throws IOException {
    OwnedFd file = new OwnedFd(MemoryCalls.createMemoryFile(name));
    mirrorFile = file;
    MemoryRegion region = mirrors(queues);
    MemoryCalls.truncate(file.number(), region.size());
    MemoryCalls.sealAgainstShrinking(file.number());
    try {
      mirrorMemory = GuestMemory.map(List.of(region), file.number());
    } catch (GuestMemoryException e) {
      throw new LoopbackException("%s: %s".formatted(name(), e.getMessage()), true);
    }
  }

  private static MemoryRegion mirrors(int queues) {
    return new MemoryRegion(MIRRORS, (long) queues * MirroredRing.MIRROR_BYTES, MIRRORS, 0);
  }

  private GuestMemory mirrorMemory() throws LoopbackException {
    if (mirrorMemory == null) {
      throw new LoopbackException("%s: there is no device".formatted(name()), true);
    }
    return mirrorMemory;
  }

  private ByteBuffer named(int length) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    return buffer(Math.max(length, NAME_BYTES)).put(0, bytes);
  }

  private void clearScratch(int length) {
    for (int i = 0; i < length; i += Long.BYTES) {
      scratch.putLong(i, 0);
    }
  }

  /** The tool waits in the kernel for the driver, and so for our answers. */
  @Override
  public Future<Void> plug() {
    plugged = true;
    return VdpaTool.run(context, "dev", "add", "name", name, "mgmtdev", "vduse");
  }

  @Override
  public void watch(FdRegistration.Handler handler) throws IOException {
    watched =
        FdRegistration.open(
            context, device().fd().duplicate(), FdRegistration.Interest.READ_LEVEL, handler);
  }

  @Override
  public @Nullable Message read() throws LoopbackException {
    while (true) {
      try {
        if (device().read(messages) == DeviceFile.NOTHING) {
          // One that broke has no message, and refuses everything else.
          control(GET_FEATURES, "go on");
          return null;
        }
      } catch (NativeIoException e) {
        throw failed("go on", e);
      } catch (LoopbackException e) {
        isBroken = true;
        throw e;
      }
      Message message = question();
      if (message != null) {
        return message;
      }
    }
  }

  /** What was read, if it concerns who serves the card; other things are answered here. */
  private @Nullable Message question() throws LoopbackException {
    int id = messages.getInt(4);
    switch (messages.getInt(0)) {
      case SET_STATUS -> {
        int before = status;
        status = Byte.toUnsignedInt(messages.get(MESSAGE_DATA));
        int added = status & ~before;
        // Of one that is abandoned nobody serves the rings, and who did may hang.
        boolean isReset = status == 0 && (before & DeviceStatus.FEATURES_OK) != 0 && !abandoned;
        if (status == 0) {
          stopRings();
        }
        if (isReset || (added & TOLD) != 0) {
          return new Message(
              id, Message.Type.STATUS, status, negotiated(), 0, ByteBuffer.allocate(0));
        }
        answer(id, true);
      }
      // What is mapped is the whole file; other questions come for other drivers than the kernel's.
      default -> answer(id, messages.getInt(0) == UPDATE_IOTLB);
    }
    return null;
  }

  private long negotiated() throws LoopbackException {
    control(GET_FEATURES, "tell features");
    return scratch.getLong(0) & ~VirtioFeature.ACCESS_PLATFORM;
  }

  @Override
  public void reply(Message message, boolean done) {
    boolean isStart =
        message.type() == Message.Type.STATUS && (message.status() & DeviceStatus.DRIVER_OK) != 0;
    // Drivers take no for an answer when they ask for features, and go on after this one.
    answer(message.id(), done || isStart);
    if (isStart && (abandoned || !done)) {
      failRings();
      lost.accept("it could not be started");
    }
  }

  private void answer(int id, boolean done) {
    ByteBuffer answer = buffer(MESSAGE_BYTES).putInt(0, id).putInt(4, done ? 0 : 1);
    try {
      device().write(answer, MESSAGE_BYTES);
    } catch (IOException e) {
      // Too late, or the device broke, which the next read tells.
    }
  }

  @Override
  public @Nullable String broken() {
    return isBroken ? "a question of its driver was not answered in time" : null;
  }

  @Override
  public boolean isBound() {
    return (status & DeviceStatus.DRIVER_OK) != 0;
  }

  @Override
  public String busName() {
    try (Stream<Path> files = Files.list(Path.of("/sys/bus/vdpa/devices", name))) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(file -> file.startsWith("virtio"))
          .findFirst()
          .orElse(name);
    } catch (IOException e) {
      return name;
    }
  }

  /** Finds the driver's rings and the memory with them, unless that is done. */
  private void locate() throws LoopbackException {
    if (kernelMemory != null) {
      return;
    }
    rings.clear();
    long end = 0;
    long first = -1;
    for (Ring ring = ring(0); ring != null; ring = ring(rings.size())) {
      rings.add(ring);
      if (ring.size > 0) {
        VringAddresses at = ring.addresses;
        first = at.descriptorTable();
        end = Math.max(end, at.descriptorTable() + 16L * ring.size);
        end = Math.max(end, at.availRing() + 6 + 2L * ring.size);
        end = Math.max(end, at.usedRing() + 6 + 8L * ring.size);
      }
    }
    if (first < 0) {
      throw new LoopbackException("%s: there is no ring yet".formatted(name()), true);
    }
    clearScratch(32);
    scratch.putLong(8, first).putLong(16, first);
    // Buffers lie below rings, and all is one file whose offsets are addresses.
    kernelRegion = new MemoryRegion(0, (end + PAGE - 1) / PAGE * PAGE, 0, 0);
    try {
      OwnedFd file = new OwnedFd(device().control(IOTLB_GET_FD, scratch));
      kernelFile = file;
      kernelMemory = GuestMemory.mapOfKernel(List.of(kernelRegion), file.number());
    } catch (NativeIoException e) {
      throw failed("share its memory", e);
    } catch (GuestMemoryException e) {
      throw new LoopbackException("%s: %s".formatted(name(), e.getMessage()), true);
    }
  }

  /**
   * Asks for a ring.
   *
   * @return null if there is no queue of that index; without entries if its driver does not use it
   */
  private @Nullable Ring ring(int index) throws LoopbackException {
    clearScratch(48);
    scratch.putInt(0, index);
    try {
      int unused = device().control(QUEUE_INFO, scratch);
    } catch (NativeIoException e) {
      if (e.errno() == Errno.EINVAL) {
        return null;
      }
      throw failed("tell of queue " + index, e);
    }
    boolean isReady = scratch.get(40) != 0;
    return new Ring(
        index,
        isReady ? scratch.getInt(4) : 0,
        new VringAddresses(scratch.getLong(8), scratch.getLong(16), scratch.getLong(24)));
  }

  private GuestMemory kernelMemory() throws LoopbackException {
    locate();
    if (kernelMemory == null) {
      throw new IllegalStateException("not located");
    }
    return kernelMemory;
  }

  @Override
  public List<Shared> memory() throws LoopbackException {
    locate();
    int queues = rings.size();
    if (kernelFile == null || mirrorFile == null) {
      throw new IllegalStateException("not located");
    }
    try {
      OwnedFd kernel = kernelFile.duplicate();
      try {
        return List.of(
            new Shared(kernelRegion, kernel), new Shared(mirrors(queues), mirrorFile.duplicate()));
      } catch (NativeIoException e) {
        kernel.close();
        throw e;
      }
    } catch (NativeIoException e) {
      throw failed("share its memory", e);
    }
  }

  @Override
  public GuestMemory map() throws LoopbackException, GuestMemoryException {
    List<Shared> shared = memory();
    try {
      return GuestMemory.mapOfKernel(
          shared.stream().map(Shared::region).toList(),
          shared.stream().mapToInt(part -> part.file().number()).toArray());
    } finally {
      shared.forEach(part -> part.file().close());
    }
  }

  @Override
  public Place queue(int index) throws LoopbackException {
    locate();
    Ring ring = rings.get(index);
    return MirroredRing.place(index, ring.size, ring.addresses.descriptorTable(), MIRRORS);
  }

  @Override
  public void connect(QueueBell bell) throws LoopbackException {
    Ring ring = rings.get(bell.queue());
    ring.stop();
    try {
      ring.serve(bell);
    } catch (LoopbackException e) {
      throw e;
    } catch (IOException e) {
      throw new LoopbackException("%s: %s".formatted(name(), e.getMessage()), true);
    }
  }

  @Override
  public void config(int offset, ByteBuffer bytes, boolean notify) throws LoopbackException {
    scratch.putInt(0, offset).putInt(4, bytes.remaining());
    scratch.put(CONFIG_HEADER, bytes, bytes.position(), bytes.remaining());
    control(SET_CONFIG, "change configuration space");
    if (notify) {
      configInterrupt.request();
    }
  }

  /** A driver may have read what has changed since, and can be interrupted when it has started. */
  private boolean interruptForConfig() throws LoopbackException {
    boolean mayHaveRead =
        (status & (DeviceStatus.DRIVER | DeviceStatus.FAILED)) == DeviceStatus.DRIVER;
    return !mayHaveRead || (isBound() && isInterrupted(INJECT_CONFIG_INTERRUPT, null));
  }

  private void interruptForConfigAgain() {
    if (device != null) {
      guard(configInterrupt::request);
    }
  }

  /** Until the driver has the answer to DRIVER_OK it has no handler. */
  private boolean isInterrupted(int request, @Nullable ByteBuffer argument)
      throws LoopbackException {
    try {
      int unused =
          argument == null ? device().control(request) : device().control(request, argument);
      return true;
    } catch (NativeIoException e) {
      if (e.errno() == Errno.EINVAL) {
        return false;
      }
      throw failed("interrupt", e);
    }
  }

  @Override
  public void abandon() {
    abandoned = true;
    failRings();
  }

  /** Those that there are: before its start a driver waits for nothing. */
  private void failRings() {
    try {
      locate();
    } catch (LoopbackException e) {
      return;
    }
    for (Ring ring : rings) {
      if (ring.size > 0) {
        ring.failAll();
      }
    }
  }

  private void stopRings() {
    rings.forEach(Ring::stop);
    rings.clear();
    if (kernelMemory != null) {
      kernelMemory.release();
      kernelMemory = null;
    }
    if (kernelFile != null) {
      kernelFile.close();
      kernelFile = null;
    }
  }

  @Override
  public Future<Void> detach() {
    if (!plugged) {
      return destroy();
    }
    plugged = false;
    Promise<Void> gone = context.promise();
    // Who serves it may hang: its driver would wait for ever, and with it whoever uses the tool.
    long patience = context.setTimer(SERVED_MILLIS, id -> abandon());
    long timer =
        context.setTimer(
            DETACH_MILLIS,
            id -> {
              log.warn(
                  "{}: the kernel does not let go of it: try 'vdpa dev del {}' later",
                  name(),
                  name);
              gone.tryComplete();
            });
    VdpaTool.run(context, "dev", "del", name)
        .onComplete(
            done -> {
              List.of(patience, timer).forEach(context.owner()::cancelTimer);
              gone.tryComplete(); // what failed was not on the bus
            });
    return gone.future().compose(done -> destroy());
  }

  private Future<Void> destroy() {
    stopRings();
    if (watched != null) {
      watched.close();
      watched = null;
    }
    if (device != null) {
      device.close();
      device = null;
    }
    if (mirrorMemory != null) {
      mirrorMemory.release();
      mirrorMemory = null;
    }
    if (mirrorFile != null) {
      mirrorFile.close();
      mirrorFile = null;
    }
    try {
      int unused = control.control(DESTROY_DEVICE, named(NAME_BYTES));
    } catch (NativeIoException e) {
      log.debug("{}: not destroyed: {}", name(), e.getMessage());
    }
    return context.succeededFuture();
  }

  private void control(int request, String what) throws LoopbackException {
    try {
      int unused = device().control(request, scratch);
    } catch (NativeIoException e) {
      throw failed(what, e);
    }
  }

  private LoopbackException failed(String what, NativeIoException e) {
    return new LoopbackException(
        "%s: the kernel did not %s: %s".formatted(name(), what, e.getMessage()), true);
  }

  @Override
  public void close() {
    var unused = destroy();
    control.close();
  }
}
