package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.event.EventFd;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What one guest can have a turn of the event loop take, which other devices may share. */
class LoopShareTest {
  private static final int RING_SIZE = 256;
  private static final long QUEUE_BYTES = 32L << 20;

  /** Buffers that a turn of a queue takes at most. */
  private static final int TURN = 256;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Greedy host = new Greedy();
  private InProcessGuest guest;
  private GuestQueue control;
  private GuestQueue tx;
  private GuestQueue rx;

  /** A host that takes and gives all that there is, at once. */
  private static final class Greedy implements AudioBackend {
    final AtomicLong moved = new AtomicLong();

    /** Called with each piece. */
    volatile Runnable onMove = () -> {};

    @Override
    public StreamCapabilities capabilities(Direction direction) {
      return NullBackend.CAPABILITIES;
    }

    @Override
    public boolean isImmediate() {
      return true;
    }

    @Override
    public AudioStream open(int id, Direction direction, PcmParameters parameters, Runnable wake) {
      return new AudioStream() {
        @Override
        public void start() {}

        @Override
        public void stop() {}

        @Override
        public void write(ByteBuffer frames) {
          moved.addAndGet(frames.remaining());
          frames.position(frames.limit());
          onMove.run();
        }

        @Override
        public void read(ByteBuffer frames) {
          write(frames);
        }

        @Override
        public int latencyBytes() {
          return 0;
        }

        @Override
        public long xruns() {
          return 0;
        }

        @Override
        public long nanosToWait(int bytes) {
          return bytes > 0 ? 0 : Long.MAX_VALUE;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void close() {}
  }

  @BeforeEach
  void start() throws Exception {
    guest =
        InProcessGuest.create(
            vertx, new SoundDevice(SoundDeviceConfig.standard(), host), 4 * QUEUE_BYTES);
    control = queue(0);
    tx = queue(2);
    rx = queue(3);
  }

  private GuestQueue queue(int index) throws Exception {
    GuestQueue queue = guest.queue(index, index * QUEUE_BYTES, QUEUE_BYTES, RING_SIZE, 0);
    Guest.await(queue.start());
    return queue;
  }

  @AfterEach
  void close() throws Exception {
    guest.close();
    Future<Void> closed = vertx.close();
    closed.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private void prepare(int stream) throws Exception {
    control.request(Rig.setParams(stream, Rig.CD, 0), 4);
    assertThat(control.request(Rig.item(RequestCode.PCM_PREPARE, stream), 4).word(0))
        .isEqualTo(0x8000);
  }

  private void addRequests(RequestCode... codes) {
    for (RequestCode code : codes) {
      control.add(Rig.item(code, 0), 4, Integer.MAX_VALUE);
    }
  }

  /** One turn of a queue, in which {@code refill} adds a tx buffer for each that comes back. */
  private void turn(int queue, Runnable refill) {
    AtomicBoolean inTurn = new AtomicBoolean();
    tx.onReturned(
        buffer -> {
          if (inTurn.get()) {
            refill.run();
          }
        });
    guest.run(
        () -> {
          inTurn.set(true);
          guest.session().queues().get(queue).look();
          inTurn.set(false);
        });
  }

  @ParameterizedTest
  @EnumSource(Direction.class)
  void aHugeBufferIsMovedInSeveralTurns(Direction direction) throws Exception {
    boolean isOutput = direction == Direction.OUTPUT;
    int stream = isOutput ? 0 : 1;
    int bytes = 12 << 20;
    prepare(stream);
    control.request(Rig.item(RequestCode.PCM_START, stream), 4);
    AtomicLong before = new AtomicLong(-1);
    EventFd other = EventFd.create();
    FdRegistration registration =
        guest.call(
            () ->
                other.watch(
                    guest.session().context(), () -> before.compareAndSet(-1, host.moved.get())));
    host.onMove = other::signal;
    GuestQueue queue = isOutput ? tx : rx;
    CountDownLatch back = new CountDownLatch(1);
    queue.onReturned(buffer -> back.countDown());
    if (isOutput) {
      queue.add(Rig.message(stream, new byte[bytes]), 8, Integer.MAX_VALUE);
    } else {
      queue.add(Rig.le32(stream), bytes + 8, Integer.MAX_VALUE);
    }
    queue.kick();
    assertThat(back.await(20, TimeUnit.SECONDS)).isTrue();
    guest.run(registration::close);
    assertThat(host.moved).hasValue(bytes);
    assertThat(before.get())
        .as("bytes moved before another descriptor of the loop was served")
        .isBetween(1L, 2L * Transfer.BYTES_PER_TURN);
  }

  /** A stream that is not prepared has no buffers to wait for. */
  @Test
  void aCommandThatIsNotAllowedTakesNoBuffers() {
    byte[] buffer = Rig.message(0, new byte[4]);
    AtomicInteger back = new AtomicInteger();
    tx.add(buffer, 8, Integer.MAX_VALUE);
    addRequests(RequestCode.PCM_START, RequestCode.PCM_RELEASE);
    turn(0, back::incrementAndGet);
    assertThat(back).hasValue(0);
    tx.kick();
    assertThat(tx.inFlight()).isZero();
  }

  @Test
  void commandsTakeNoMoreBuffersInATurnThanATurnOfTheBuffersWould() throws Exception {
    prepare(0);
    byte[] buffer = Rig.message(77, new byte[4]); // there is no such stream: it is back at once
    AtomicInteger back = new AtomicInteger();
    for (int i = 0; i < 60; i++) {
      tx.add(buffer, 8, Integer.MAX_VALUE);
    }
    for (int i = 0; i < 60; i++) {
      addRequests(RequestCode.PCM_START, RequestCode.PCM_STOP);
    }
    turn(
        0,
        () -> {
          back.incrementAndGet();
          tx.add(buffer, 8, Integer.MAX_VALUE);
        });
    assertThat(back.get()).isBetween(60, TURN);
    tx.onReturned(unused -> {});
    tx.kick();
    assertThat(tx.inFlight()).as("what was left is taken in other turns").isZero();
  }

  /** A buffer a call, each of as many bytes as one call may move. */
  @ParameterizedTest(name = "turns of queue {0}")
  @ValueSource(ints = {0, 2})
  void neitherCommandsNorBuffersMoveMoreAudioThanATurnMay(int queue) throws Exception {
    prepare(0);
    if (queue == 2) {
      control.request(Rig.item(RequestCode.PCM_START, 0), 4);
    }
    byte[] buffer = Rig.message(0, new byte[Transfer.BYTES_PER_TURN]);
    tx.add(buffer, 8, Integer.MAX_VALUE);
    for (int i = 0; i < 60 && queue == 0; i++) {
      addRequests(RequestCode.PCM_START, RequestCode.PCM_STOP);
    }
    long before = host.moved.get();
    turn(queue, () -> tx.add(buffer, 8, Integer.MAX_VALUE));
    assertThat(host.moved.get() - before)
        .isBetween((long) Transfer.BYTES_PER_TURN, 2L * Transfer.BYTES_PER_TURN);
    assertThat(guest.broken()).isEqualTo(List.of());
  }
}
