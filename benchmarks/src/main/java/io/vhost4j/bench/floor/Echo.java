package io.vhost4j.bench.floor;

import io.vhost4j.bench.measure.Flow;
import io.vhost4j.bench.measure.RoundTrip;
import io.vhost4j.bench.measure.Subject;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.TemporaryDirectory;
import io.vhost4j.event.EventFd;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ScmSocket;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The floor of a round trip: an eventfd to another process and one back, with the same calls on
 * this side as for a device. The other process is a C program of forty lines where there is a C
 * compiler, else a second JVM.
 */
public final class Echo implements Subject {
  private static final int ANSWER_MILLIS = 5000;
  private static final long COMPILE_SECONDS = 60;

  /** What is at the other end. */
  public enum Kind {
    /** A C program, compiled on the spot. */
    C,
    /** A second JVM. */
    JAVA
  }

  private final Kind kind;
  private final TemporaryDirectory directory;
  private final Process process;
  private final OwnedFd socket;
  private final EventFd ask = EventFd.create();
  private final EventFd answer = EventFd.create();

  private Echo(Kind kind, TemporaryDirectory directory, Process process, OwnedFd socket) {
    this.kind = kind;
    this.directory = directory;
    this.process = process;
    this.socket = socket;
  }

  /** The best floor that can be had here. */
  public static Echo start() throws BenchException {
    TemporaryDirectory directory = new TemporaryDirectory();
    Path program = compile(directory);
    return program == null
        ? start(Kind.JAVA, directory, javaCommand())
        : start(Kind.C, directory, List.of(program.toString()));
  }

  /** A floor of the kind that can be had everywhere. */
  static Echo startJava() throws BenchException {
    return start(Kind.JAVA, new TemporaryDirectory(), javaCommand());
  }

  private static @Nullable Path compile(TemporaryDirectory directory) {
    Path source = directory.resolve("echo.c");
    Path program = directory.resolve("echo");
    try (InputStream text = Objects.requireNonNull(Echo.class.getResourceAsStream("echo.c"))) {
      Files.copy(text, source);
      Process compiler =
          new ProcessBuilder("cc", "-O2", "-pthread", "-o", program.toString(), source.toString())
              .redirectErrorStream(true)
              .redirectOutput(Redirect.DISCARD)
              .start();
      boolean ended = compiler.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS);
      return ended && compiler.exitValue() == 0 ? program : null;
    } catch (IOException e) {
      return null; // no compiler
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  private static List<String> javaCommand() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-Xmx32m",
        "-XX:+IgnoreUnrecognizedVMOptions",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        EchoProgram.class.getName());
  }

  private static Echo start(Kind kind, TemporaryDirectory directory, List<String> command)
      throws BenchException {
    Path path = directory.resolve("socket");
    List<String> words = new ArrayList<>(command);
    words.add(path.toString());
    Process process = null;
    try (OwnedFd listener = UnixSocket.create()) {
      UnixSocket.bind(listener, path);
      UnixSocket.listen(listener, 1);
      process =
          new ProcessBuilder(words)
              .redirectOutput(Redirect.DISCARD)
              .redirectError(Redirect.INHERIT)
              .start();
      OwnedFd socket =
          Descriptors.awaitReadable(listener.number(), ANSWER_MILLIS)
              ? UnixSocket.accept(listener)
              : null;
      if (socket == null) {
        throw new IOException("it does not connect");
      }
      Echo echo = new Echo(kind, directory, process, socket);
      var unused =
          new ScmSocket(socket)
              .send(ByteBuffer.allocateDirect(1), List.of(echo.ask.fd(), echo.answer.fd()));
      return echo;
    } catch (IOException e) {
      if (process != null) {
        process.destroyForcibly();
      }
      directory.close();
      throw new BenchException("the echo process for the floor failed: " + e.getMessage(), e);
    }
  }

  @Override
  public String name() {
    return kind == Kind.C ? "floor (C echo)" : "floor (Java echo)";
  }

  /** What is at the other end. */
  public Kind kind() {
    return kind;
  }

  @Override
  public OptionalLong pid() {
    return OptionalLong.of(process.pid());
  }

  @Override
  public RoundTrip roundTrip(int payload) {
    return this::ask;
  }

  private void ask() throws BenchException {
    ask.signal();
    if (!answer.await(ANSWER_MILLIS)) {
      throw new BenchException("the echo process for the floor does not answer");
    }
    answer.drain();
  }

  /** An echo at a time, whatever the window: signals that wait are one. */
  @Override
  public Flow flow(int payload, int window, long nanos) throws BenchException {
    long start = System.nanoTime();
    long count = 0;
    long now = start;
    while (now - start < nanos) {
      ask();
      count++;
      now = System.nanoTime();
    }
    return new Flow(count, now - start, count, count);
  }

  /** Ends the process, which the end of the socket tells to. */
  @Override
  public void close() {
    socket.close();
    try {
      if (!process.waitFor(ANSWER_MILLIS, TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    ask.close();
    answer.close();
    directory.close();
  }
}
