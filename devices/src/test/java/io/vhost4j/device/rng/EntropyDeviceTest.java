package io.vhost4j.device.rng;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import io.vhost4j.vhostuser.frontend.FrontendMemory;
import io.vhost4j.vhostuser.frontend.FrontendOptions;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.vhostuser.frontend.QueueSetup;
import io.vhost4j.vhostuser.frontend.VhostUserFrontend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The device behind a real server, driven through a real socket. */
class EntropyDeviceTest {
  private static final int ROOM = 64; // as Linux asks for
  private static final Duration LONG = Duration.ofHours(1);
  private static final long SECONDS = 20;

  @TempDir Path directory;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(2));
  private final Context driverLoop = NativeTransport.newLoop(vertx);
  private final List<VhostUserServer> servers = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (VhostUserServer server : servers) {
      get(server.close());
    }
    get(vertx.close());
    for (int k = 0; k < 4000 && threads() > 0; k++) {
      Thread.sleep(5);
    }
    assertThat(threads()).as("threads of the device").isZero();
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("entropy-"))
        .count();
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
  }

  private static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }

  private Path file(byte[] content) throws IOException {
    return Files.write(directory.resolve("source"), content);
  }

  /** A pipe that nobody writes into so far. */
  private Path pipe() throws Exception {
    Path path = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
    return path;
  }

  private Path serve(Path source, long maxBytes, Duration period) throws Exception {
    return serve(new EntropyDevice("entropy", source, maxBytes, period));
  }

  private Path serve(VirtioDevice device) throws Exception {
    Path socket = directory.resolve("rng" + servers.size() + ".sock");
    VhostUserServer server = VhostUserServer.create(vertx, device);
    servers.add(server);
    get(server.listen(socket));
    return socket;
  }

  private Path serve(Path source) throws Exception {
    return serve(source, Long.MAX_VALUE, LONG);
  }

  /** A driver with some buffers of one size. */
  private final class Guest implements AutoCloseable {
    private final FrontendMemory memory;
    private final VhostUserFrontend frontend;
    private final FrontendQueue queue;
    private final int room;
    private final long[] addresses = new long[128];
    private final ArrayDeque<Long> free = new ArrayDeque<>();

    /** What came back, in its order. */
    final LinkedBlockingQueue<byte[]> answers = new LinkedBlockingQueue<>();

    Guest(Path socket, int room) throws Exception {
      this.room = room;
      memory = FrontendMemory.create(1 << 20);
      frontend = get(VhostUserFrontend.connect(driverLoop, socket, FrontendOptions.DEFAULT));
      queue = get(frontend.start(VirtioFeature.VERSION_1, memory, QueueSetup.of(4))).get(0);
      for (int i = 0; i < 4; i++) {
        free.add(memory.allocate(room, 64));
      }
      watch();
    }

    private void watch() throws Exception {
      onLoop(
          () -> {
            queue.onUsed(
                (head, length) -> {
                  byte[] answer = new byte[(int) length];
                  memory.memory().read(addresses[head], ByteBuffer.wrap(answer));
                  free.add(addresses[head]);
                  answers.add(answer);
                });
            return 0;
          });
    }

    <T> T onLoop(Callable<T> action) throws Exception {
      CompletableFuture<T> result = new CompletableFuture<>();
      driverLoop.runOnContext(
          v -> {
            try {
              result.complete(action.call());
            } catch (Throwable t) {
              result.completeExceptionally(t);
            }
          });
      return result.get(SECONDS, TimeUnit.SECONDS);
    }

    /** Gives the device one buffer. */
    void ask() throws Exception {
      onLoop(
          () -> {
            long address = free.remove();
            int head = queue.driver().add(new long[] {address}, new int[] {room}, 0, 1);
            addresses[head] = address;
            queue.publish();
            return 0;
          });
    }

    byte[] answer() throws Exception {
      byte[] answer = answers.poll(SECONDS, TimeUnit.SECONDS);
      assertThat(answer).as("an answer").isNotNull().isNotEmpty();
      return answer == null ? new byte[0] : answer;
    }

    /** Asks until so many bytes have come. */
    byte[] read(int count) throws Exception {
      ByteBuffer all = ByteBuffer.allocate(count);
      while (all.hasRemaining()) {
        ask();
        all.put(answer());
      }
      return all.array();
    }

    /** Waits until the device holds the driver's buffer and has nothing else to do. */
    void held() throws Exception {
      get(frontend.stopQueue(queue));
      assertThat(onLoop(() -> queue.driver().inFlight())).isPositive();
      get(frontend.startQueue(queue));
      assertThat(answers).isEmpty();
    }

    @Override
    public void close() throws Exception {
      get(frontend.close());
      memory.close();
    }
  }

  /** R1, R4: also where the buffer is larger than what is read at a time. */
  @ParameterizedTest(name = "buffers of {0} bytes")
  @ValueSource(ints = {1, 7, 64, 4096, 10_000})
  void theBytesOfAFileComeInOrderEachOnce(int room) throws Exception {
    byte[] source = bytes(Math.min(100 * room, 50_000));
    try (Guest guest = new Guest(serve(file(source)), room)) {
      assertThat(guest.read(source.length)).isEqualTo(source);
    }
  }

  @Test
  void aDeviceOfTheSystemIsASource() throws Exception {
    try (Guest guest = new Guest(serve(Path.of("/dev/urandom")), ROOM)) {
      byte[] read = guest.read(4096);
      assertThat(read).isNotEqualTo(new byte[4096]);
      assertThat(Arrays.copyOf(read, 64)).isNotEqualTo(Arrays.copyOfRange(read, 64, 128));
    }
  }

  /** R2, R4: the buffer is held, and what is added to the file later goes into it. */
  @Test
  void aFileThatHasEndedHoldsTheBufferUntilThereIsMore() throws Exception {
    byte[] source = bytes(300);
    Path path = file(Arrays.copyOf(source, 100));
    try (Guest guest = new Guest(serve(path), ROOM)) {
      assertThat(guest.read(100)).isEqualTo(Arrays.copyOf(source, 100));
      guest.ask();
      guest.held();
      Files.write(path, Arrays.copyOfRange(source, 100, 164), StandardOpenOption.APPEND);
      assertThat(guest.answer()).isEqualTo(Arrays.copyOfRange(source, 100, 164));
      Files.write(path, Arrays.copyOfRange(source, 164, 300), StandardOpenOption.APPEND);
      assertThat(guest.read(136)).isEqualTo(Arrays.copyOfRange(source, 164, 300));
    }
  }

  /** A reader of a pipe waits to open it, to read from it, and for the next who opens it. */
  @Test
  void aPipeMayKeepItsReaderWaiting() throws Exception {
    Path pipe = pipe();
    try (Guest guest = new Guest(serve(pipe), ROOM)) {
      guest.ask();
      guest.held();
      for (int writer = 1; writer <= 2; writer++) {
        try (FileChannel in = FileChannel.open(pipe, StandardOpenOption.WRITE)) {
          for (int i = 1; i <= 3; i++) {
            in.write(ByteBuffer.wrap(bytes(10 * i)));
            assertThat(guest.answer()).isEqualTo(bytes(10 * i));
            guest.ask();
            guest.held();
          }
        }
      }
    }
  }

  @Test
  void theServerClosesWhileAReadHangs() throws Exception {
    Path pipe = pipe();
    Path socket = serve(pipe);
    try (FileChannel silent =
            FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Guest guest = new Guest(socket, ROOM)) {
      guest.ask();
      guest.held();
      get(servers.get(0).close());
      assertThat(silent.isOpen()).isTrue();
    }
  }

  /** What was read for one driver and came too late is for the next: nothing is lost. */
  @Test
  void aDriverThatGoesWhileAReadHangsLeavesTheBytesToTheNext() throws Exception {
    Path pipe = pipe();
    Path socket = serve(pipe);
    try (FileChannel in =
        FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      try (Guest guest = new Guest(socket, ROOM)) {
        guest.ask();
        guest.held();
        get(guest.frontend.stop());
      }
      in.write(ByteBuffer.wrap(bytes(40)));
      try (Guest guest = new Guest(socket, 16)) {
        assertThat(guest.read(40)).isEqualTo(bytes(40));
      }
    }
  }

  /** F8, C18: a pause of the guest in the middle of a wait. */
  @Test
  void aPausedDriverFindsItsBufferAgain() throws Exception {
    byte[] source = bytes(64);
    Path path = file(new byte[0]);
    try (Guest guest = new Guest(serve(path), ROOM)) {
      guest.ask();
      for (int i = 0; i < 5; i++) {
        guest.held();
      }
      Files.write(path, source, StandardOpenOption.APPEND);
      assertThat(guest.answer()).isEqualTo(source);
      assertThat(guest.answers).isEmpty();
    }
  }

  /** R4. */
  @Test
  void noMoreThanTheQuotaIsGivenInAPeriod() throws Exception {
    byte[] source = bytes(1000);
    try (Guest guest = new Guest(serve(file(source), 150, LONG), ROOM)) {
      ByteBuffer all = ByteBuffer.allocate(150);
      while (all.hasRemaining()) {
        guest.ask();
        all.put(guest.answer());
      }
      assertThat(all.array()).isEqualTo(Arrays.copyOf(source, 150));
      guest.ask();
      for (int i = 0; i < 20; i++) {
        guest.held();
      }
    }
  }

  @Test
  void thePeriodAfterTheQuotaGivesTheNextBytes() throws Exception {
    byte[] source = bytes(1000);
    try (Guest guest = new Guest(serve(file(source), 37, Duration.ofMillis(2)), ROOM)) {
      assertThat(guest.read(source.length)).isEqualTo(source);
    }
  }

  /** R3: what a driver has no use for is skipped; only without room there is nothing to give. */
  @Test
  void aReadablePartIsSkipped() throws Exception {
    byte[] source = bytes(200);
    try (Guest guest = new Guest(serve(file(source)), ROOM)) {
      guest.onLoop(
          () -> {
            long address = guest.free.remove();
            int none = guest.queue.driver().add(new long[] {address}, new int[] {ROOM}, 1, 0);
            guest.addresses[none] = address;
            long[] both = {guest.free.remove(), guest.free.remove()};
            int two = guest.queue.driver().add(both, new int[] {ROOM, ROOM}, 1, 1);
            guest.addresses[two] = both[1];
            guest.queue.publish();
            return 0;
          });
      assertThat(guest.answers.poll(SECONDS, TimeUnit.SECONDS)).isEmpty();
      assertThat(guest.answer()).isEqualTo(Arrays.copyOf(source, ROOM));
    }
  }

  /**
   * R4: a frontend may have seen bytes that went into memory which it then cut short. They are for
   * nobody else.
   */
  @Test
  void bytesThatWentIntoTruncatedMemoryAreNotGivenAgain() throws Exception {
    byte[] source = bytes(300);
    EntropyDevice device = new EntropyDevice("entropy", file(source), Long.MAX_VALUE, LONG);
    long ring = GuestQueue.ringBytes(16);
    LinkedBlockingQueue<Returned> returned = new LinkedBlockingQueue<>();
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, ring + 8192)) {
      GuestQueue queue = guest.queue(0, 0, ring + 8192, 16, 0);
      InProcessGuest.await(queue.start());
      queue.add(new byte[4096 - 100 - 1], 0, 4096);
      queue.add(new byte[0], 200, 4096); // half of it before the end of the page
      guest.truncate(ring + 4096);
      queue.kick();
      for (int k = 0; k < 4000 && guest.disconnects().isEmpty(); k++) {
        Thread.sleep(5);
      }
      assertThat(guest.disconnects()).singleElement().asString().contains("memory");
      ByteBuffer seen = ByteBuffer.allocate(100);
      guest.memory().read(ring + 4096 - 100, seen);
      assertThat(seen.array()).as("what was seen").isEqualTo(Arrays.copyOf(source, 100));

      InProcessGuest.await(guest.disconnect());
      guest.truncate(ring + 8192);
      guest.connect();
      queue.beginAnew();
      queue.onReturned(returned::add);
      InProcessGuest.await(queue.start());
      queue.add(new byte[0], 100, 100);
      queue.kick();
      Returned answer = returned.poll(SECONDS, TimeUnit.SECONDS);
      assertThat(answer).isNotNull();
      assertThat(answer.writable()).isEqualTo(Arrays.copyOfRange(source, 200, 300));
    }
  }

  private static VirtioDevice open(EntropyDeviceProvider provider, String name, Path source)
      throws Exception {
    return provider
        .open(new DeviceOptions(name, 0, 2, Map.of("rng-source", source.toString())))
        .device();
  }

  /** R4: as with the native daemon, which has the file open once; by whatever name. */
  @Test
  void devicesOfOneProcessShareAFileAndEachByteGoesToOneGuest() throws Exception {
    byte[] source = bytes(20 * ROOM);
    Path path = file(source);
    Path link = Files.createSymbolicLink(directory.resolve("link"), path);
    EntropyDeviceProvider provider = new EntropyDeviceProvider();
    try (Guest a = new Guest(serve(open(provider, "a", path)), ROOM);
        Guest b = new Guest(serve(open(provider, "b", link)), ROOM)) {
      for (int i = 0; i < 20; i++) {
        assertThat((i % 3 == 0 ? a : b).read(ROOM))
            .as("block %d", i)
            .isEqualTo(Arrays.copyOfRange(source, i * ROOM, (i + 1) * ROOM));
      }
    }
  }

  @Test
  void aSourceGoesOnWhenOneOfItsDevicesIsClosedAndIsOpenedAnewAfterTheLast() throws Exception {
    byte[] source = bytes(4 * ROOM);
    Path path = file(source);
    EntropyDeviceProvider provider = new EntropyDeviceProvider();
    try (Guest a = new Guest(serve(open(provider, "a", path)), ROOM);
        Guest b = new Guest(serve(open(provider, "b", path)), ROOM)) {
      assertThat(a.read(ROOM)).isEqualTo(Arrays.copyOf(source, ROOM));
      get(servers.get(0).close());
      assertThat(b.read(ROOM)).isEqualTo(Arrays.copyOfRange(source, ROOM, 2 * ROOM));
      get(servers.get(1).close());
    }
    try (Guest c = new Guest(serve(open(provider, "c", path)), ROOM)) {
      assertThat(c.read(4 * ROOM)).isEqualTo(source);
    }
  }

  /** Each gets what is left of its own part, and none waits for another. */
  @Test
  void aDeviceWhoseQuotaIsUsedUpDoesNotHoldUpTheOthersOfItsSource() throws Exception {
    byte[] source = bytes(11 * ROOM);
    EntropySource shared = EntropySource.of(file(source));
    SourceReader little = shared.reader(new Quota(ROOM, LONG, System::nanoTime));
    SourceReader much = shared.reader(new Quota(Long.MAX_VALUE, LONG, System::nanoTime));
    try (Guest a = new Guest(serve(new EntropyDevice("a", nonNull(little))), ROOM);
        Guest b = new Guest(serve(new EntropyDevice("b", nonNull(much))), ROOM)) {
      assertThat(a.read(ROOM)).isEqualTo(Arrays.copyOf(source, ROOM));
      a.ask();
      assertThat(b.read(10 * ROOM)).isEqualTo(Arrays.copyOfRange(source, ROOM, 11 * ROOM));
      a.held();
    }
  }

  private static <T> T nonNull(@Nullable T object) {
    return Objects.requireNonNull(object);
  }

  /** R2: found out before there is a driver, whose buffer would have to go back. */
  @Test
  void aReaderThatCannotBeStartedIsNoDevice() throws Exception {
    Path path = file(bytes(10));
    ThreadFactory none =
        task ->
            new Thread(task) {
              @Override
              public synchronized void start() {
                throw new OutOfMemoryError("unable to create native thread");
              }
            };
    assertThatThrownBy(() -> EntropySource.of(path, Files::newByteChannel, none))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(path + " cannot be read: ")
        .hasMessageContaining("no thread left");
  }

  /** R2, R4: a file that fails is opened anew, and gives no byte again. */
  @ParameterizedTest
  @ValueSource(strings = {"IOException", "IllegalStateException", "OutOfMemoryError"})
  void whatIsThrownWhileReadingHoldsTheBufferUntilReadingWorks(String kind) throws Exception {
    byte[] source = bytes(3 * ROOM);
    Path path = file(source);
    AtomicReference<String> next = new AtomicReference<>("");
    EntropySource failing =
        EntropySource.of(
            path, file -> new FailingChannel(Files.newByteChannel(file), next), Thread::new);
    Quota quota = new Quota(Long.MAX_VALUE, LONG, System::nanoTime);
    EntropyDevice device = new EntropyDevice("entropy", nonNull(failing.reader(quota)));
    try (Guest guest = new Guest(serve(device), ROOM)) {
      assertThat(guest.read(ROOM)).isEqualTo(Arrays.copyOf(source, ROOM));
      next.set(kind);
      assertThat(guest.read(2 * ROOM)).isEqualTo(Arrays.copyOfRange(source, ROOM, 3 * ROOM));
      assertThat(next).hasValue("");
    }
  }

  @Test
  void whatCannotBeASourceIsRefusedWithTheReason() {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> new EntropyDevice("entropy", missing, 1, LONG))
        .isInstanceOf(IOException.class)
        .hasMessage(missing + ": no such file to read entropy from");
    assertThatThrownBy(() -> new EntropyDevice("entropy", directory, 1, LONG))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is a directory");
    assertThatThrownBy(() -> new EntropyDevice("entropy", Path.of("/dev/zero"), 0, LONG))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new EntropyDevice("entropy", Path.of("/dev/zero"), 1, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
