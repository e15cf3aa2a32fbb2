package io.vhost4j.vhostuser.frontend;

import static io.vhost4j.vhostuser.frontend.BlockDriver.SECTOR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.frontend.BlockDriver.Request;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Our frontend drives the vhost-user-blk of QEMU's storage daemon. */
@Tag("jdk")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class QemuStorageDaemonIT {
  private static final int SECTORS = 4096;
  private static final long FEATURES =
      VirtioFeature.VERSION_1 | VirtioFeature.INDIRECT_DESC | VirtioFeature.EVENT_IDX;

  @TempDir Path directory;
  private Path image;
  private byte[] content;
  private Process daemon;
  private Vertx vertx;
  private Context context;
  private FrontendMemory memory;

  /** Which messages carry the memory, and whether requests are acknowledged. */
  @SuppressWarnings("ImmutableEnumChecker") // the options are a record of two numbers
  enum Mode {
    ALL_FEATURES(FrontendOptions.DEFAULT, FEATURES),
    WITHOUT_MEMORY_SLOTS(
        FrontendOptions.DEFAULT.without(ProtocolFeature.CONFIGURE_MEM_SLOTS), FEATURES),
    WITHOUT_ACKNOWLEDGEMENTS(FrontendOptions.DEFAULT.without(ProtocolFeature.REPLY_ACK), FEATURES),
    WITHOUT_RING_FEATURES(FrontendOptions.DEFAULT, VirtioFeature.VERSION_1);

    private final FrontendOptions options;
    private final long features;

    Mode(FrontendOptions options, long features) {
      this.options = options;
      this.features = features;
    }
  }

  @BeforeEach
  void startDaemon() throws Exception {
    image = directory.resolve("disk.img");
    content = new byte[SECTORS * SECTOR];
    new Random(1).nextBytes(content);
    Files.write(image, content);
    Path socket = directory.resolve("blk.sock");
    File log = directory.resolve("daemon.log").toFile();
    try {
      daemon =
          new ProcessBuilder(
                  "qemu-storage-daemon",
                  "--blockdev",
                  "driver=file,node-name=disk,filename=" + image,
                  "--export",
                  "type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,addr.path="
                      + socket
                      + ",writable=on,num-queues=2")
              .redirectErrorStream(true)
              .redirectOutput(log)
              .start();
    } catch (IOException e) {
      fail("qemu-storage-daemon is missing: install Debian's qemu-utils", e);
    }
    for (int i = 0; !Files.exists(socket); i++) {
      if (i == 1000 || !daemon.isAlive()) {
        fail("qemu-storage-daemon does not listen: " + Files.readString(log.toPath()));
      }
      Thread.sleep(10);
    }
    vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
    context = ((VertxInternal) vertx).createEventLoopContext();
    memory = FrontendMemory.create(1 << 20, 3 << 20);
  }

  @AfterEach
  void stopDaemon() throws Exception {
    if (daemon != null) {
      daemon.destroy();
      assertThat(daemon.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    if (vertx != null) {
      await(vertx.close());
    }
    if (memory != null) {
      memory.close();
    }
  }

  private VhostUserFrontend connect(FrontendOptions options) throws Exception {
    return await(VhostUserFrontend.connect(context, directory.resolve("blk.sock"), options));
  }

  @ParameterizedTest
  @EnumSource
  void sectorsThatAreWrittenAreReadBackAndAreInTheImage(Mode mode) throws Exception {
    VhostUserFrontend frontend = connect(mode.options);
    List<FrontendQueue> queues =
        await(
            frontend.start(
                mode.features, memory, new QueueSetup(64, 16, 0), new QueueSetup(128, 16, 65530)));
    assertThat(frontend.features() & ~VhostFeature.PROTOCOL_FEATURES).isEqualTo(mode.features);
    boolean indirect = (mode.features & VirtioFeature.INDIRECT_DESC) != 0;
    Random random = new Random(2);

    for (int round = 0; round < 20; round++) {
      BlockDriver driver = new BlockDriver(memory, queues.get(round % 2));
      List<Request> writes = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        int sector = (round * 6 + i) * 32;
        int length = SECTOR * (1 + random.nextInt(32));
        Request write =
            driver.add(
                BlockDriver.OUT, sector, length, 1 + random.nextInt(4), indirect && i % 2 == 0);
        byte[] data = new byte[length];
        random.nextBytes(data);
        write.data().put(0, data);
        System.arraycopy(data, 0, content, sector * SECTOR, length);
        writes.add(write);
      }
      driver.run();
      assertThat(writes).allMatch(request -> request.result() == BlockDriver.STATUS_OK);

      Request read = driver.add(BlockDriver.IN, round * 192L, 192 * SECTOR, 8, indirect);
      driver.run();
      assertThat(read.result()).isEqualTo(BlockDriver.STATUS_OK);
      assertThat(bytes(read.data()))
          .isEqualTo(Arrays.copyOfRange(content, round * 192 * SECTOR, (round + 1) * 192 * SECTOR));
      if (round == 9) {
        // The allocator does not give back single pieces: the rings stay, buffers start anew.
        memory = swapMemory(frontend, queues);
        queues =
            await(
                frontend.start(
                    mode.features, memory, new QueueSetup(64, 16, 0), QueueSetup.of(64)));
        indirect = false;
      }
    }

    BlockDriver driver = new BlockDriver(memory, queues.get(0));
    Request flush = driver.add(BlockDriver.FLUSH, 0, 0, 0, false);
    Request id = driver.add(BlockDriver.GET_ID, 0, 20, 1, false);
    Request beyond = driver.add(BlockDriver.IN, SECTORS, SECTOR, 1, false);
    driver.run();
    assertThat(flush.result()).isEqualTo(BlockDriver.STATUS_OK);
    assertThat(id.result()).isEqualTo(BlockDriver.STATUS_OK);
    assertThat(new String(bytes(id.data()), StandardCharsets.US_ASCII))
        .startsWith("vhost_user_blk");
    assertThat(beyond.result()).isEqualTo(BlockDriver.STATUS_IOERR);
    await(frontend.stop());
    await(frontend.close());

    assertThat(Files.readAllBytes(image)).isEqualTo(content);
  }

  /** Stops the device and gives it other memory: the old table has to be withdrawn. */
  private FrontendMemory swapMemory(VhostUserFrontend frontend, List<FrontendQueue> queues)
      throws Exception {
    int first = queues.get(0).driver().startIndex();
    await(frontend.stop());
    assertThat(queues.get(0).base()).as("moved on").isNotEqualTo(first);
    FrontendMemory next = FrontendMemory.create(4 << 20);
    await(frontend.setMemory(next));
    memory.close();
    return next;
  }

  @Test
  void theConfigurationTellsTheCapacityOfTheImage() throws Exception {
    VhostUserFrontend frontend = connect(FrontendOptions.DEFAULT);

    assertThat(frontend.queueCount()).isGreaterThanOrEqualTo(2);
    ByteBuffer config = await(frontend.getConfig(0, 60));

    assertThat(config.getLong(0)).isEqualTo(SECTORS);
    assertThat(Short.toUnsignedInt(config.getShort(34))).as("num_queues").isEqualTo(2);
    await(frontend.close());
  }

  @Test
  void usedBufferNotificationsArriveOnTheEventLoop() throws Exception {
    VhostUserFrontend frontend = connect(FrontendOptions.DEFAULT);
    FrontendQueue queue = await(frontend.start(FEATURES, memory, QueueSetup.of(64))).get(0);
    Promise<Long> done = Promise.promise();
    List<Request> requests = new CopyOnWriteArrayList<>();
    BlockDriver driver = new BlockDriver(memory, queue);

    context.runOnContext(
        v -> {
          try {
            queue.onUsed((head, length) -> done.complete(length));
            Request read = driver.add(BlockDriver.IN, 0, SECTOR, 1, false);
            requests.add(read);
            queue.publish();
          } catch (IOException e) {
            done.fail(e);
          }
        });

    assertThat(await(done.future())).as("data and status").isEqualTo(SECTOR + 1);
    assertThat(requests.get(0).result()).isEqualTo(BlockDriver.STATUS_OK);
    await(frontend.close());
  }

  @Test
  void aBackendThatDiesFailsWhatWaitsForIt() throws Exception {
    VhostUserFrontend frontend = connect(FrontendOptions.DEFAULT);
    FrontendQueue queue = await(frontend.start(FEATURES, memory, QueueSetup.of(64))).get(0);
    daemon.destroyForcibly();

    assertThat(await(frontend.closed())).isEqualTo("closed by peer");
    assertThat(queue.call().await(10_000)).as("who waits for the ring is woken").isTrue();
    assertThatThrownBy(() -> await(frontend.status()))
        .hasMessageContaining("cannot send GET_STATUS: closed by peer");
    await(frontend.close());
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return bytes;
  }

  private static <T> T await(Future<T> future) throws Exception {
    try {
      return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }
}
