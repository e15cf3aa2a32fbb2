package io.vhost4j.examples;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.vertx.core.Vertx;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.ExecutionException;
import org.slf4j.LoggerFactory;

/**
 * Boots a Linux guest whose {@code /dev/hwrng} is our {@link RandomNumberDevice}, reads from it
 * there, and looks on the host whether these are the bytes that the device gave.
 */
public final class EntropyDemo {
  private static final String NAME = "demo";
  private static final int WANTED_BYTES = 4096;

  /** Long enough for no piece to be found in the transcript by chance. */
  private static final int SHORTEST_PIECE = 16;

  private static final String SESSION =
      """
      for _ in 1 2 3 4 5 6 7 8 9 10; do [ -c /dev/hwrng ] && break; sleep 0.2; done
      echo "Linux $(uname -r) found: $(cat /sys/class/misc/hw_random/rng_current)"
      echo "dd reads %1$d bytes from /dev/hwrng..."
      dd if=/dev/hwrng of=/share/random bs=%1$d count=1 iflag=fullblock 2>/share/dd || {
        cat /share/dd
        exit 1
      }
      """;

  private final PrintStream out;

  private EntropyDemo(PrintStream out) {
    this.out = out;
  }

  /** {@code EntropyDemo BOOT}, where BOOT is {@code scripts/guest/boot.sh}. */
  public static void main(String[] arguments) throws InterruptedException {
    if (arguments.length != 1) {
      Example.exit(2, NAME, "usage: EntropyDemo BOOT");
    }
    // The demo tells by itself what happens.
    ((Logger) LoggerFactory.getLogger("io.vhost4j")).setLevel(Level.WARN);
    try {
      System.exit(new EntropyDemo(System.out).run(Path.of(arguments[0])) ? 0 : 1);
    } catch (IOException | IllegalStateException e) {
      Example.exit(1, NAME, e.getMessage());
    }
  }

  /** Whether all that the guest read came from the device. */
  private boolean run(Path boot) throws IOException, InterruptedException {
    Transcript given = new Transcript(new SecureRandom());
    Vertx vertx = Scratch.vertx();
    try (Scratch scratch = new Scratch()) {
      Path socket = scratch.resolve("rng.sock");
      VhostUserServer server = VhostUserServer.create(vertx, new RandomNumberDevice(given));
      server.listen(socket).toCompletionStage().toCompletableFuture().get();
      out.println("An entropy source listens; a Linux guest boots under QEMU.");
      byte[] read = inGuest(boot, socket, scratch);
      server.close().toCompletionStage().toCompletableFuture().get();
      return compare(read, given.bytes());
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(cause.getMessage(), cause);
    } finally {
      vertx.close();
    }
  }

  private byte[] inGuest(Path boot, Path socket, Scratch scratch)
      throws IOException, InterruptedException {
    Path share = Files.createDirectory(scratch.resolve("share"));
    Path session = scratch.resolve("session.sh");
    Files.writeString(session, SESSION.formatted(WANTED_BYTES));
    String[] command = {
      boot.toString(),
      "--run",
      session.toString(),
      "--share",
      share.toString(),
      "--qemu",
      "-chardev",
      "--qemu",
      "socket,id=rng,path=" + socket,
      "--device",
      "vhost-user-rng-pci,chardev=rng"
    };
    Process guest =
        scratch.start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT));
    try (BufferedReader console = guest.inputReader(StandardCharsets.UTF_8)) {
      console.lines().forEach(line -> out.println("    guest: " + line));
    }
    int status = guest.waitFor();
    if (status != 0) {
      throw new IOException("the guest's session failed with status " + status);
    }
    return Files.readAllBytes(share.resolve("random"));
  }

  private boolean compare(byte[] read, byte[] given) {
    byte[] first = Arrays.copyOf(read, Math.min(read.length, SHORTEST_PIECE));
    out.printf(
        "The guest read   %d bytes: %s ...%n",
        read.length, HexFormat.ofDelimiter(" ").formatHex(first));
    int common = Transcript.commonBytes(read, given, SHORTEST_PIECE);
    boolean exact = read.length == WANTED_BYTES && common == read.length;
    out.printf(
        "The device gave  %d bytes: %s%n",
        given.length,
        exact
            ? "among them all of these, in the same order"
            : "NOT what the guest read: it differs after " + common + " bytes");
    return exact;
  }
}
