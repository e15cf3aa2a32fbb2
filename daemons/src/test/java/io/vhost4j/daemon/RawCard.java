package io.vhost4j.daemon;

import static io.vhost4j.daemon.Player.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.device.sound.wire.ItemHeader;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.PcmXfer;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.frontend.FrontendMemory;
import io.vhost4j.vhostuser.frontend.FrontendOptions;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.vhostuser.frontend.QueueSetup;
import io.vhost4j.vhostuser.frontend.VhostUserFrontend;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/** The driver of a sound card as an attacker writes it, who has the rings in his hand. */
final class RawCard implements AutoCloseable {
  private static final int RING_SIZE = 64;
  private static final int CONTROL = 0;
  private static final int TX = 2;
  private static final int OUTPUT_STREAM = 0;
  private static final long FEATURES =
      VirtioFeature.VERSION_1 | VirtioFeature.INDIRECT_DESC | VirtioFeature.EVENT_IDX;

  /** Some pages for requests and replies; audio goes to the rest. */
  private static final int REQUEST_BYTES = 4096;

  private static final int MEMORY_BYTES = 4 << 20;
  private static final int ADDRESS_BEYOND = 1 << 30;

  private final VhostUserFrontend frontend;
  private final FrontendMemory memory;
  private final List<FrontendQueue> queues;
  private final ByteBuffer rings;
  private final long request;

  RawCard(Vertx vertx, Path socket) throws Exception {
    memory = FrontendMemory.create(MEMORY_BYTES);
    frontend =
        await(
            VhostUserFrontend.connect(
                NativeTransport.newLoop(vertx),
                socket,
                FrontendOptions.DEFAULT.withTimeoutMillis(60_000)));
    QueueSetup setup = new QueueSetup(RING_SIZE, 4, 0);
    queues = await(frontend.start(FEATURES, memory, setup, setup, setup, setup));
    request = memory.allocate(REQUEST_BYTES, REQUEST_BYTES);
    rings =
        Objects.requireNonNull(
            memory
                .memory()
                .slice(FrontendMemory.GUEST_BASE, (int) (request - FrontendMemory.GUEST_BASE)));
  }

  private ByteBuffer bytes(long address, int length) {
    return Objects.requireNonNull(memory.memory().slice(address, length));
  }

  /** Takes the output stream to the state in which it plays. */
  void play(PcmParameters parameters) throws Exception {
    new PcmSetParams()
        .wrap(bytes(request, PcmSetParams.SIZE), 0)
        .streamId(OUTPUT_STREAM)
        .bufferBytes(parameters.bufferBytes())
        .periodBytes(parameters.periodBytes())
        .features(0)
        .channels(parameters.channels())
        .format(parameters.format().ordinal())
        .rate(parameters.rate().ordinal())
        .padding(0);
    request(PcmSetParams.SIZE);
    for (RequestCode code : List.of(RequestCode.PCM_PREPARE, RequestCode.PCM_START)) {
      new ItemHeader().wrap(bytes(request, ItemHeader.SIZE), 0).code(code).id(OUTPUT_STREAM);
      request(ItemHeader.SIZE);
    }
  }

  private void request(int length) throws Exception {
    FrontendQueue control = queues.get(CONTROL);
    long reply = request + REQUEST_BYTES / 2;
    control.driver().add(new long[] {request, reply}, new int[] {length, Status.SIZE}, 1, 1);
    control.publish();
    while (control.driver().poll() < 0) {
      if (!control.driver().enableNotifications()) {
        control.call().await(-1);
        long unused = control.call().drain();
      }
    }
    assertThat(bytes(reply, Status.SIZE).getInt(0)).isEqualTo(Status.OK.code());
  }

  /** Adds a buffer to the tx queue whose audio lies where it is said to. */
  void send(long address, int length) {
    long header = request + REQUEST_BYTES / 4;
    long status = request + REQUEST_BYTES / 4 * 3;
    bytes(header, PcmXfer.HEADER_SIZE).putInt(0, OUTPUT_STREAM);
    int head =
        queues
            .get(TX)
            .driver()
            .add(
                new long[] {header, address, status},
                new int[] {PcmXfer.HEADER_SIZE, length, PcmXfer.STATUS_SIZE},
                2,
                1);
    assertThat(head).isNotNegative();
    queues.get(TX).publish();
  }

  /** Where audio can be, and how much of it. */
  long audio(int length) {
    return memory.allocate(length, Long.BYTES);
  }

  /** Writes something to some place in the rings and their tables, and kicks some queue. */
  void scribble(Random random) {
    for (int i = random.nextInt(8); i >= 0; i--) {
      int at = random.nextInt(rings.capacity() - Long.BYTES);
      switch (random.nextInt(4)) {
        case 0 -> rings.put(at, (byte) random.nextInt());
        case 1 -> rings.putShort(at & -2, (short) random.nextInt(2 * RING_SIZE));
        case 2 -> rings.putInt(at & -4, random.nextInt());
        default ->
            rings.putLong(at & -8, FrontendMemory.GUEST_BASE + random.nextInt(MEMORY_BYTES + 4096));
      }
    }
    FrontendQueue queue = queues.get(random.nextInt(queues.size()));
    if (random.nextBoolean() && queue.driver().freeDescriptors() > 2) {
      queue
          .driver()
          .add(
              new long[] {request + random.nextInt(REQUEST_BYTES), request},
              new int[] {random.nextInt(REQUEST_BYTES), random.nextInt(64)},
              1,
              1);
      queue.driver().publish();
    }
    queue.kick().signal();
  }

  /** Gives the device memory behind a file that can be cut short. */
  FrailMemory addFrailMemory(int size) throws Exception {
    OwnedFd file = new OwnedFd(MemoryCalls.createMemoryFile("frail"));
    MemoryCalls.truncate(file.number(), size);
    MemoryRegion region = new MemoryRegion(ADDRESS_BEYOND, size, ADDRESS_BEYOND, 0);
    await(frontend.request(FrontendMessage.ADD_MEM_REG, MemoryTable.encodeSingle(region), file));
    return new FrailMemory(file);
  }

  /** Memory of the guest that its owner cuts short. */
  record FrailMemory(OwnedFd file) implements AutoCloseable {
    long address() {
      return ADDRESS_BEYOND;
    }

    void truncate() throws Exception {
      MemoryCalls.truncate(file.number(), 0);
    }

    @Override
    public void close() {
      file.close();
    }
  }

  /** Waits until so many buffers of the tx queue have come back, or the daemon has hung up. */
  void awaitBuffersOrHangUp(int count) throws Exception {
    int returned = 0;
    while (returned < count && !frontend.closed().isComplete()) {
      if (queues.get(TX).driver().poll() >= 0) {
        returned++;
      } else {
        Thread.sleep(10);
      }
    }
  }

  @Override
  public void close() throws Exception {
    await(frontend.close());
    memory.close();
  }
}
