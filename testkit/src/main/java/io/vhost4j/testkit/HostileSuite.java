package io.vhost4j.testkit;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.event.NativeTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.slf4j.LoggerFactory;

/**
 * What a hostile guest or frontend can do to a device, as tests for JUnit: malformed chains, forged
 * lengths, truncated memory, frontends that vanish, and more, over the in-process transport and
 * over a vhost-user socket.
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicNode> hostileGuestsDoNoHarm() {
 *   return HostileSuite.of(
 *           () -> new EchoDevice(),
 *           guest -> assertThat(guest.queue(0).request(TEXT, 5).writable()).isEqualTo(TEXT))
 *       .request(0, TEXT, 5)
 *       .tests();
 * }
 * }</pre>
 *
 * <p>After each attack the device serves a guest that behaves, on the same connection and on the
 * next; every buffer is back or left in the ring; nothing that the guest gave is held any more; the
 * log is short and has no stack trace; and another device on the same event loop was served all the
 * time. At the end no thread is left.
 *
 * <p>Random attacks repeat themselves: {@code -Dvhost4j.hostile.seed} sets another seed.
 */
public final class HostileSuite {
  private static final long SEED = Long.getLong("vhost4j.hostile.seed", 2026);

  /** Threads that come and go without a device: those of the virtual machine and its tools. */
  private static final Pattern RUNTIME_THREADS =
      Pattern.compile(
          "ForkJoinPool.*|.*Cleaner.*|process reaper.*|surefire.*|Attach.*|.*globalEvent.*");

  /** Makes a new device, which is closed in the end. */
  @FunctionalInterface
  public interface DeviceFactory {
    /** A device that serves nobody yet. */
    VirtioDevice open() throws Exception;
  }

  /** Finds out whether a device works. */
  @FunctionalInterface
  public interface Probe {
    /**
     * Uses the device as a driver does, from its initial state on, and fails if it does not work.
     *
     * @param guest its queues are {@linkplain Guest#queue(int) there} and run, with rings of 16
     *     entries; all features are acknowledged unless the test is about these
     */
    void check(Guest guest) throws Exception;
  }

  /** A request as a driver would send it. */
  static final class Sample {
    private final int queue;
    private final byte[] readable;
    private final int writableBytes;

    Sample(int queue, byte[] readable, int writableBytes) {
      this.queue = queue;
      this.readable = readable;
      this.writableBytes = writableBytes;
    }

    int queue() {
      return queue;
    }

    /** Not to be changed. */
    byte[] readable() {
      return readable;
    }

    int writableBytes() {
      return writableBytes;
    }
  }

  private final DeviceFactory factory;
  private final Probe works;
  private final List<Sample> samples = new ArrayList<>();
  private Duration patience = Duration.ofSeconds(Guest.SECONDS);

  private @Nullable Vertx vertx;
  private @Nullable Held before;
  private Set<Thread> threadsBefore = Set.of();

  private HostileSuite(DeviceFactory factory, Probe works) {
    this.factory = factory;
    this.works = works;
  }

  /**
   * A suite for one kind of device.
   *
   * @param device makes one for each attack
   * @param works tells whether it works
   */
  public static HostileSuite of(DeviceFactory device, Probe works) {
    return new HostileSuite(device, works);
  }

  /**
   * Names a buffer that a driver puts into a queue. Attacks cut it short, make it longer, take it
   * to pieces, put extreme numbers into each place of it, and stop, reset and vanish while it is
   * under way; so name one of each kind.
   *
   * @param readable what the device reads, well-formed
   * @param writableBytes room for what it writes
   * @return this
   */
  public HostileSuite request(int queue, byte[] readable, int writableBytes) {
    samples.add(new Sample(queue, readable.clone(), writableBytes));
    return this;
  }

  /** How long what is left may take to go. */
  HostileSuite patience(Duration longest) {
    patience = longest;
    return this;
  }

  /** The tests, for a method with {@link org.junit.jupiter.api.TestFactory}; to be used once. */
  public Stream<DynamicNode> tests() {
    List<DynamicNode> nodes = new ArrayList<>();
    nodes.add(DynamicTest.dynamicTest("worksToBeginWith", this::begin));
    nodes.add(
        DynamicContainer.dynamicContainer(
            "inProcess", attacks(false).map(attack -> test(attack, false))));
    nodes.add(
        DynamicContainer.dynamicContainer(
            "overASocket", attacks(true).map(attack -> test(attack, true))));
    nodes.add(DynamicTest.dynamicTest("leavesNoThread", this::end));
    return nodes.stream().onClose(this::closeVertx);
  }

  private static Stream<Attack> attacks(boolean overSocket) {
    return Attacks.all().stream()
        .filter(attack -> overSocket ? attack.overSocket() : attack.inProcess());
  }

  private DynamicTest test(Attack attack, boolean overSocket) {
    return DynamicTest.dynamicTest(attack.name(), () -> run(attack, overSocket));
  }

  private void begin() throws Exception {
    requireLogback();
    Vertx made = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
    vertx = made;
    threadsBefore = threads();
    for (boolean overSocket : new boolean[] {false, true}) { // what is made only once is made now
      new Battle(made, factory, works, samples, SEED, overSocket).fight(battle -> {});
    }
    before = Held.now();
  }

  private static void requireLogback() {
    if (!(LoggerFactory.getILoggerFactory() instanceof ch.qos.logback.classic.LoggerContext)) {
      throw new AssertionError(
          "the suite reads the log through Logback: let logback-classic be the only SLF4J provider"
              + " on the class path of the tests");
    }
  }

  private void run(Attack attack, boolean overSocket) throws Exception {
    Vertx running = vertx;
    Held held = before;
    if (running == null || held == null) {
      throw new AssertionError("the device does not work to begin with");
    }
    new Battle(running, factory, works, samples, SEED, overSocket).fight(attack.body());
    awaitNothing("the device holds what it did not before: ", () -> Held.now().inExcessOf(held));
  }

  private interface Remains {
    String left() throws Exception;
  }

  /** What is left is closed by other threads, maybe a moment later. */
  private void awaitNothing(String what, Remains remains) throws Exception {
    long end = System.nanoTime() + patience.toNanos();
    String left = remains.left();
    while (!left.isEmpty()) {
      if (System.nanoTime() > end) {
        throw new AssertionError(what + left);
      }
      Thread.sleep(2);
      left = remains.left();
    }
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet();
  }

  private void end() throws Exception {
    closeVertx();
    awaitNothing(
        "threads that have not ended: ",
        () -> {
          StringBuilder left = new StringBuilder();
          for (Thread thread : threads()) {
            boolean runtimes = RUNTIME_THREADS.matcher(thread.getName()).matches();
            if (!threadsBefore.contains(thread) && !runtimes && thread.isAlive()) {
              left.append(thread.getName()).append("; ");
            }
          }
          return left.toString();
        });
  }

  private void closeVertx() {
    Vertx running = vertx;
    vertx = null;
    if (running != null) {
      try {
        Guest.await(running.close());
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }
}
