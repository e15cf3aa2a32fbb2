package io.vhost4j.testkit;

import io.vertx.core.Vertx;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.testkit.HostileSuite.DeviceFactory;
import io.vhost4j.testkit.HostileSuite.Probe;
import io.vhost4j.testkit.HostileSuite.Sample;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One attack on one device, with the guest that attacks and a neighbour. */
final class Battle {
  /** Bytes of memory for the ring, the tables and the buffers of a queue. */
  static final int QUEUE_BYTES = 1 << 20;

  static final int QUEUE_SIZE = 16;

  /** Lines that a battle may leave: ten of each of a few kinds. */
  private static final int MAX_LINES = 100;

  private final Vertx vertx;
  private final DeviceFactory factory;
  private final Probe works;
  private final List<Sample> samples;
  private final boolean overSocket;
  final Random random;

  private @Nullable Guest attacker;
  private @Nullable Neighbour neighbour;
  private @Nullable LogWatch watch;
  private @Nullable Path socket;
  private int queueCount;
  private int queueSize;

  Battle(
      Vertx vertx,
      DeviceFactory factory,
      Probe works,
      List<Sample> samples,
      long seed,
      boolean overSocket) {
    this.vertx = vertx;
    this.factory = factory;
    this.works = works;
    this.samples = samples;
    this.overSocket = overSocket;
    this.random = new Random(seed);
  }

  /** Does it, then looks at what is left. */
  void fight(Attack.Body attack) throws Exception {
    LogWatch log = new LogWatch();
    watch = log;
    try (Neighbour present = new Neighbour(vertx)) {
      neighbour = present;
      VirtioDevice device = factory.open();
      queueCount = device.queueCount();
      queueSize = Math.min(QUEUE_SIZE, device.maxQueueSize());
      if (overSocket) {
        fightOverSocket(device, attack);
      } else {
        fightInProcess(device, attack);
      }
      present.requireServed();
    } catch (Exception | AssertionError e) {
      throw new AssertionError("%s; the log at that time: %s".formatted(e, log.lines()), e);
    } finally {
      log.close();
    }
    requireNoComplaint(log);
    if (log.lines().size() > MAX_LINES) {
      throw new AssertionError(
          "a guest can fill the log: %d lines, the last of them \"%s\""
              .formatted(log.lines().size(), log.lines().get(log.lines().size() - 1)));
    }
  }

  private static void requireNoComplaint(LogWatch log) {
    requireNone("stack traces in the log: ", log.stackTraces());
    requireNone(
        "complaints about the device in the log: ",
        log.lines().stream()
            .filter(line -> line.matches(".*(the device failed|does not stop|not returned).*"))
            .toList());
  }

  private static void requireNone(String what, List<String> lines) {
    if (!lines.isEmpty()) {
      throw new AssertionError(what + lines);
    }
  }

  private void fightInProcess(VirtioDevice device, Attack.Body attack) throws Exception {
    try (Guest guest = InProcessGuest.create(vertx, device, memoryBytes())) {
      attacker = guest;
      begin();
      attack.run(this);
      recover();
      reconnect();
      works.check(guest);
    }
  }

  private void fightOverSocket(VirtioDevice device, Attack.Body attack) throws Exception {
    Path directory = Files.createTempDirectory("vhost4j-hostile");
    Path path = directory.resolve("device.sock");
    socket = path;
    VhostUserServer server = VhostUserServer.create(vertx, device);
    try {
      Guest.await(server.listen(path));
      try (Guest guest = SocketGuest.connect(path, memoryBytes())) {
        attacker = guest;
        begin();
        attack.run(this);
        recover();
      }
      requireWorksForTheNext();
    } finally {
      Guest.await(server.close());
      Files.delete(directory);
    }
  }

  private void requireWorksForTheNext() throws Exception {
    try (Guest next = SocketGuest.connect(path(), memoryBytes())) {
      attacker = next;
      begin();
      works.check(next);
    }
  }

  // What attacks use

  Guest guest() {
    return Objects.requireNonNull(attacker);
  }

  /** The guest of an attack that is for sockets only. */
  SocketGuest socketGuest() {
    return (SocketGuest) guest();
  }

  Path path() {
    return Objects.requireNonNull(socket);
  }

  int queueCount() {
    return queueCount;
  }

  long memoryBytes() {
    return (long) queueCount * QUEUE_BYTES;
  }

  GuestQueue queue(int index) {
    return guest().queue(index);
  }

  /** Samples of all queues; a buffer for each that has none, so that none is left in peace. */
  List<Sample> samples() {
    List<Sample> all = new ArrayList<>(samples);
    for (int i = 0; i < queueCount; i++) {
      int queue = i;
      if (samples.stream().noneMatch(sample -> sample.queue() == queue)) {
        all.add(new Sample(queue, new byte[16], 64));
      }
    }
    return all;
  }

  void requireNeighbourServed() throws InterruptedException {
    Objects.requireNonNull(neighbour).requireServed();
  }

  /** Sets up all queues anew, and starts them. */
  void begin() throws Exception {
    setUp();
    for (int i = 0; i < queueCount; i++) {
      Guest.await(queue(i).start());
    }
  }

  /** Sets up all queues anew. */
  void setUp() {
    for (int i = 0; i < queueCount; i++) {
      GuestQueue unused = guest().queue(i, (long) i * QUEUE_BYTES, QUEUE_BYTES, queueSize, 0);
    }
  }

  /** Comes again, as another driver in the same memory. */
  void reconnect() throws Exception {
    Guest.await(guest().disconnect());
    requireNoComplaintSoFar();
    guest().truncate(memoryBytes());
    guest().connect();
    begin();
  }

  /**
   * Ends what was begun, as a driver does that is unloaded, or that has been disconnected: stops
   * the queues, looks for buffers that have not come back, resets, and begins anew.
   */
  void restart() throws Exception {
    if (guest().isDisconnected()) {
      reconnect();
      return;
    }
    for (int i = 0; i < queueCount; i++) {
      stop(i);
    }
    Guest.await(guest().reset());
    begin();
  }

  /** Stops a queue: every buffer is back then or left in the ring. */
  void stop(int index) throws Exception {
    GuestQueue queue = queue(index);
    Guest.await(queue.stop());
    requireNoComplaintSoFar();
    int kept = (queue.base() - queue.usedIndex()) & 0xffff;
    if (kept != 0 && !queue.isForsaken() && !guest().broken().contains(index)) {
      throw new AssertionError(
          "queue %d has stopped, and %d buffers are neither back nor left in the ring"
              .formatted(index, kept));
    }
  }

  /** Fails if the device does not work, for a driver that has just begun. */
  void requireWorks() throws Exception {
    works.check(guest());
  }

  /** Not only in the end, or a device that keeps everybody waiting would do so for each attack. */
  private void requireNoComplaintSoFar() {
    requireNoComplaint(Objects.requireNonNull(watch));
  }

  /** After an attack: the device works on, for a driver that begins anew. */
  void recover() throws Exception {
    requireNeighbourServed();
    restart();
    works.check(guest());
  }

  /** Puts a buffer into a queue, and kicks; begins anew where there is no room. */
  void offer(int index, byte[] readable, int writableBytes, int pieceBytes) throws Exception {
    if (readable.length + writableBytes == 0) {
      return; // there is no such chain
    }
    if (!queue(index).canTake()) {
      restart();
    }
    int unused = queue(index).add(readable, writableBytes, pieceBytes);
    queue(index).kick();
  }
}
