package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vhost4j.device.sound.ScriptedBackend.ScriptedStream;
import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.Status;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;

/**
 * Random lives of a stream: buffers of random sizes in random pieces, a host that takes and gives
 * little by little, START and STOP between, pauses of the guest, and RELEASE in the end. Whatever
 * happens, all bytes pass once and in order, each buffer returns once and in order, and none after
 * the RELEASE.
 */
@Tag("long")
class StreamLivesTest {
  private static final int FRAME = 4;

  @Property(tries = 400)
  void outputOnTheLoop(@ForAll long seed) throws Exception {
    output(new ScriptedBackend(true), new Random(seed), 60);
  }

  @Property(tries = 60)
  void outputOnAWorker(@ForAll long seed) throws Exception {
    output(new ScriptedBackend(false), new Random(seed), 60);
  }

  @Property(tries = 400)
  void inputOnTheLoop(@ForAll long seed) throws Exception {
    input(new ScriptedBackend(true), new Random(seed), 60);
  }

  @Property(tries = 60)
  void inputOnAWorker(@ForAll long seed) throws Exception {
    input(new ScriptedBackend(false), new Random(seed), 60);
  }

  private static void output(ScriptedBackend backend, Random random, int steps) throws Exception {
    backend.initialRoom = 0;
    try (Rig rig = new Rig(backend)) {
      for (int life = 0; life < 2; life++) {
        rig.tx.used.clear();
        rig.prepared(0, Rig.CD);
        ScriptedStream host = backend.last();
        if (random.nextBoolean()) {
          host.keepPending();
        }
        if (random.nextBoolean()) {
          host.takeAtMost(FRAME * (1 + random.nextInt(20)));
        }
        List<Integer> heads = new ArrayList<>();
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        Queue<Integer> lengths = new ArrayDeque<>();
        boolean started = false;
        for (int i = 0; i < steps; i++) {
          switch (random.nextInt(7)) {
            case 0, 1 -> {
              byte[] audio = Rig.audio(random.nextInt(), FRAME * random.nextInt(300));
              heads.add(rig.tx.send(Rig.message(0, audio), 8, piece(random, audio.length)));
              sent.write(audio);
              lengths.add(audio.length);
            }
            case 2 -> host.makeRoom(FRAME * random.nextInt(500));
            case 3 -> host.consume(Math.min(host.pendingBytes(), FRAME * random.nextInt(500)));
            case 4 -> {
              started = !started;
              assertThat(started ? rig.start(0) : rig.stop(0)).isEqualTo(Status.OK);
            }
            case 5 -> pause(rig, rig.tx, host);
            default -> rig.loop.advance(random.nextInt(5_000_000));
          }
          int unconsumed = host.pendingBytes(); // read first: it only falls meanwhile
          int consumed = host.played().length - unconsumed;
          assertThat(consumedBy(rig.tx.used, lengths)).isLessThanOrEqualTo(consumed);
        }
        boolean playsToTheEnd = random.nextBoolean();
        if (playsToTheEnd) {
          if (!started) {
            rig.start(0);
            started = true;
          }
          host.makeRoom(sent.size());
          rig.loop.await(() -> host.played().length == sent.size());
          host.consume(host.pendingBytes());
          rig.loop.await(() -> rig.tx.used.size() == heads.size());
        }
        if (started) {
          rig.stop(0);
        }
        byte[] played = host.played();
        assertThat(rig.release(0)).isEqualTo(Status.OK);
        assertThat(played).hasSizeBetween(playsToTheEnd ? sent.size() : 0, sent.size());
        assertThat(Rig.heads(rig.tx)).isEqualTo(heads);
        assertThat(rig.tx.used)
            .allMatch(used -> used.length() == 8 && used.ioStatus() == Status.OK.code());
        assertPrefix(sent.toByteArray(), played);
        assertThat(rig.tx.driverInFlight()).isZero();
      }
    }
  }

  /** The guest stands still: the ring stops and goes on where it was. */
  private static void pause(Rig rig, TestQueue queue, ScriptedStream host) throws Exception {
    Future<Void> stopped = queue.stop();
    rig.loop.await(stopped::isComplete);
    assertThat(stopped.succeeded()).isTrue();
    rig.loop.await(() -> !host.isRunning()); // nobody waits for a stream that has no buffers
    queue.start();
  }

  /** Bytes in the buffers that have come back. */
  private static int consumedBy(List<Used> used, Queue<Integer> lengths) {
    return lengths.stream().limit(used.size()).mapToInt(Integer::intValue).sum();
  }

  private static void input(ScriptedBackend backend, Random random, int steps) throws Exception {
    try (Rig rig = new Rig(backend)) {
      for (int life = 0; life < 2; life++) {
        rig.rx.used.clear();
        rig.prepared(1, Rig.CD);
        ScriptedStream host = backend.last();
        if (random.nextBoolean()) {
          host.takeAtMost(FRAME * (1 + random.nextInt(20)));
        }
        List<Integer> heads = new ArrayList<>();
        List<Integer> rooms = new ArrayList<>();
        ByteArrayOutputStream captured = new ByteArrayOutputStream();
        boolean started = false;
        for (int i = 0; i < steps; i++) {
          switch (random.nextInt(6)) {
            case 0, 1 -> {
              int room = FRAME * random.nextInt(300);
              heads.add(rig.rx.send(Rig.le32(1), room + 8, piece(random, room)));
              rooms.add(room);
            }
            case 2 -> {
              byte[] audio = Rig.audio(random.nextInt(), FRAME * random.nextInt(500));
              captured.write(audio);
              host.capture(audio);
            }
            case 3 -> {
              started = !started;
              assertThat(started ? rig.start(1) : rig.stop(1)).isEqualTo(Status.OK);
            }
            case 4 -> pause(rig, rig.rx, host);
            default -> rig.loop.advance(random.nextInt(5_000_000));
          }
          for (int k = 0; k < rig.rx.used.size(); k++) {
            assertThat(rig.rx.used.get(k).length()).as("full").isEqualTo(8 + rooms.get(k));
          }
        }
        if (started) {
          rig.stop(1);
        }
        assertThat(rig.release(1)).isEqualTo(Status.OK);
        assertThat(Rig.heads(rig.rx)).isEqualTo(heads);
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        for (Used used : rig.rx.used) {
          assertThat(used.ioStatus()).isEqualTo(Status.OK.code());
          received.write(Arrays.copyOf(used.writable(), (int) used.length() - 8));
        }
        assertPrefix(captured.toByteArray(), received.toByteArray());
      }
    }
  }

  private static void assertPrefix(byte[] whole, byte[] part) {
    int same = Arrays.mismatch(whole, part);
    assertThat(same == -1 || same == part.length)
        .as("differs at byte %d of %d", same, part.length)
        .isTrue();
  }

  /** From single bytes to one piece; an indirect table has room for 1024. */
  private static int piece(Random random, int bytes) {
    int least = 1 + bytes / 900;
    return switch (random.nextInt(3)) {
      case 0 -> least;
      case 1 -> least + random.nextInt(100);
      default -> Integer.MAX_VALUE;
    };
  }
}
