package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.SocketGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** Devices of one daemon, of which one waits for ever for its file. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class HangingNeighbourIT {
  private static final String KEYBOARD = "N: Keys\nB: 01 ff ff ff ff ff ff ff ff\n";
  private static final String KEY = "E: 0.000000 0001 001e 1\nE: 0.000000 0000 0000 0\n";
  private static final int BYTES = 1 << 20;

  @TempDir Path directory;

  private SocketGuest guest(int device) throws Exception {
    SocketGuest guest = SocketGuest.connect(directory.resolve("in" + device), BYTES);
    Guest.await(guest.queue(0, 0, BYTES, 4, 0).start());
    return guest;
  }

  private Path recording(String name) throws IOException {
    return Files.writeString(directory.resolve(name), KEYBOARD + KEY);
  }

  private static void expectKey(SocketGuest guest) throws Exception {
    GuestQueue events = guest.queue(0);
    assertThat(events.request(new byte[0], 8).writable()).startsWith(1, 0, 30, 0, 1);
    assertThat(events.request(new byte[0], 8).writable()).startsWith(0, 0, 0, 0);
  }

  @Test
  void oneThatWaitsForItsFileKeepsNobodyElseWaiting() throws Exception {
    Path one = recording("one");
    Path other = recording("other");
    Path fifo = directory.resolve("fifo"); // nobody will ever open its other end
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    try (Daemon daemon =
        Daemon.startDevice(
            "input", "-s", directory.resolve("in").toString(), "-e", one + "," + other)) {
      daemon.awaitReady();
      try (SocketGuest first = guest(0)) {
        expectKey(first);
        Files.move(fifo, one, StandardCopyOption.REPLACE_EXISTING);
        Thread.sleep(500); // it has been looked at
        try (SocketGuest second = guest(1)) {
          expectKey(second);
          Files.writeString(other, KEY.replace("0.", "1."), StandardOpenOption.APPEND);
          expectKey(second);
        }
      }
    }
  }
}
