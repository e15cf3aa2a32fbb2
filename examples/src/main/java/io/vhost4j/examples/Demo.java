package io.vhost4j.examples;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.sound.driver.AudioPort;
import io.vhost4j.device.sound.driver.SoundDriver;
import io.vhost4j.device.sound.driver.TransferResult;
import io.vhost4j.event.NativeTransport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Starts the sound daemon, plays a tune through its vhost-user socket and records it back, and
 * tells what came of it.
 *
 * <pre>
 *   tune ── tx queue ──▶ daemon ──▶ demo.wav        recorded ◀── rx queue ── daemon ◀── tune.wav
 * </pre>
 */
public final class Demo {
  /** 10 ms, as a sound card would have it, and eight of them under way. */
  private static final int PERIOD_BYTES = Tune.RATE / 100 * Tune.FRAME_BYTES;

  private static final PcmParameters PARAMETERS =
      new PcmParameters(
          SampleFormat.S16, SampleRate.HZ_48000, Tune.CHANNELS, 8 * PERIOD_BYTES, PERIOD_BYTES);

  private final PrintStream out;
  private final byte[] tune = Tune.samples(0);

  private Demo(PrintStream out) {
    this.out = out;
  }

  /**
   * {@code demo DAEMON [RESULT.wav]}, where DAEMON is the program {@code vhost-device-sound}, or
   * {@code demo --write-tune FILE}.
   */
  public static void main(String[] arguments) throws InterruptedException {
    Demo demo = new Demo(System.out);
    try {
      if (arguments.length == 2 && arguments[0].equals("--write-tune")) {
        Tune.write(demo.tune, Path.of(arguments[1]));
      } else if (arguments.length == 1 || arguments.length == 2) {
        boolean exact =
            demo.run(
                Path.of(arguments[0]), Path.of(arguments.length == 2 ? arguments[1] : "demo.wav"));
        System.exit(exact ? 0 : 1);
      } else {
        System.err.println("demo: usage: demo DAEMON [RESULT.wav] | demo --write-tune FILE");
        System.exit(2);
      }
    } catch (IOException e) {
      System.err.println("demo: " + e.getMessage());
      System.exit(1);
    }
  }

  /** Whether everything arrived bit for bit. */
  boolean run(Path daemon, Path result) throws IOException, InterruptedException {
    try (Scratch scratch = new Scratch()) {
      Path socket = scratch.resolve("snd.sock");
      Path source = scratch.resolve("tune.wav");
      Tune.write(tune, source);
      Process process = start(scratch, daemon, socket, result, source);
      byte[] recorded;
      try {
        recorded = playAndRecord(socket);
      } finally {
        Scratch.end(process);
      }
      boolean played = compare("played  ", result.toString(), Tune.read(result));
      boolean captured = compare("recorded", "the capture stream", recorded);
      return played && captured;
    }
  }

  private Process start(Scratch scratch, Path daemon, Path socket, Path result, Path source)
      throws IOException {
    String[] command = {
      daemon.toString(),
      "--socket=" + socket,
      "--backend=file",
      "--playback-file=" + result,
      "--capture-file=" + source,
      "--log-level=warn"
    };
    long start = System.nanoTime();
    Process process =
        scratch.start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT));
    BufferedReader console =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = console.readLine();
    if (line == null || !line.startsWith("READY")) {
      Scratch.end(process);
      throw new IOException("the daemon did not start: " + daemon);
    }
    out.printf(
        "The daemon listens after %d ms.%n",
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
    return process;
  }

  private byte[] playAndRecord(Path socket) throws IOException, InterruptedException {
    Vertx vertx = Scratch.vertx();
    try {
      SoundDriver card = await(SoundDriver.connect(NativeTransport.newLoop(vertx), socket));
      AtomicLong moved = new AtomicLong();
      transfer("Playing", card, Direction.OUTPUT, new Playback(tune, moved), moved);
      byte[] recorded = new byte[tune.length];
      moved.set(0);
      transfer("Recording", card, Direction.INPUT, new Recording(recorded, moved), moved);
      await(card.close());
      return recorded;
    } finally {
      await(vertx.close());
    }
  }

  /**
   * Moves the whole tune, and shows how far it is.
   *
   * @param moved bytes that {@code port} has moved
   */
  private void transfer(
      String what, SoundDriver card, Direction direction, AudioPort port, AtomicLong moved)
      throws IOException, InterruptedException {
    CompletableFuture<TransferResult> running =
        card.transfer(card.firstStream(direction), PARAMETERS, port)
            .toCompletionStage()
            .toCompletableFuture();
    try (Progress progress = Progress.onStderr(what, seconds(tune.length))) {
      while (!running.isDone()) {
        progress.show(seconds(moved.get()));
        try {
          running.get(50, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
          // Shown again, or told by get().
        }
      }
    }
    report(what, get(running));
  }

  private static double seconds(long bytes) {
    return (double) bytes / Tune.FRAME_BYTES / Tune.RATE;
  }

  private void report(String what, TransferResult result) {
    out.printf(
        "%s: %d frames in %d buffers, %.2f s, %d failed%s%n",
        what,
        result.bytes() / Tune.FRAME_BYTES,
        result.buffers(),
        result.nanos() / 1e9,
        result.failedBuffers(),
        result.maxLatencyBytes() == 0
            ? ""
            : String.format(
                Locale.ROOT,
                ", latency up to %.1f ms",
                PARAMETERS.nanosOf(result.maxLatencyBytes()) / 1e6));
  }

  private boolean compare(String what, String where, byte[] actual) {
    boolean exact = Arrays.equals(tune, actual);
    out.printf(
        "%s %d of %d frames, %s: %s%n",
        what,
        actual.length / Tune.FRAME_BYTES,
        tune.length / Tune.FRAME_BYTES,
        exact ? "bit for bit" : "NOT the same, first difference at byte " + difference(actual),
        where);
    return exact;
  }

  private int difference(byte[] actual) {
    return Arrays.mismatch(tune, actual);
  }

  private static <T> T await(Future<T> future) throws IOException, InterruptedException {
    return get(future.toCompletionStage().toCompletableFuture());
  }

  private static <T> T get(CompletableFuture<T> future) throws IOException, InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(cause.getMessage(), cause);
    }
  }

  /** Gives the tune out, a period at a time. */
  private static final class Playback implements AudioPort {
    private final byte[] tune;
    private final AtomicLong moved;
    private int given;

    Playback(byte[] tune, AtomicLong moved) {
      this.tune = tune;
      this.moved = moved;
    }

    @Override
    public int next(ByteBuffer audio) {
      int length = Math.min(audio.remaining(), tune.length - given);
      audio.put(tune, given, length);
      given += length;
      return length;
    }

    @Override
    public void returned(ByteBuffer audio) {
      moved.addAndGet(audio.remaining());
    }
  }

  /** Takes as much as there is room for. */
  private static final class Recording implements AudioPort {
    private final byte[] target;
    private final AtomicLong moved;
    private int wanted;
    private int taken;

    Recording(byte[] target, AtomicLong moved) {
      this.target = target;
      this.moved = moved;
    }

    @Override
    public int next(ByteBuffer audio) {
      int length = Math.min(audio.remaining(), target.length - wanted);
      wanted += length;
      return length;
    }

    @Override
    public void returned(ByteBuffer audio) {
      int length = audio.remaining();
      audio.get(target, taken, length);
      taken += length;
      moved.addAndGet(length);
    }
  }
}
