package io.vhost4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.vhostuser.backend.Await;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Device nodes, as far as every machine has some. */
class DeviceFileTest {
  /** Reads 32 bytes of a kind that no usual driver knows. */
  private static final int REQUEST = 0x8020bd00;

  private static void assertErrno(Throwable thrown, int errno) {
    assertThat(thrown)
        .isInstanceOfSatisfying(
            NativeIoException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void aNodeThatIsNotThereIsToldFromOthers() {
    assertThatThrownBy(() -> DeviceFile.open(Path.of("/dev/no-such-node")))
        .satisfies(thrown -> assertErrno(thrown, Errno.ENOENT))
        .hasMessage("open: No such file or directory");
  }

  @Test
  void aRequestThatTheDriverDoesNotKnowIsToldFromOthers() throws Exception {
    try (DeviceFile file = DeviceFile.open(Path.of("/dev/null"))) {
      assertThatThrownBy(() -> file.control(REQUEST, ByteBuffer.allocateDirect(32)))
          .satisfies(thrown -> assertErrno(thrown, Errno.ENOTTY));
      assertThatThrownBy(() -> file.control(REQUEST & 0xffff))
          .satisfies(thrown -> assertErrno(thrown, Errno.ENOTTY));
    }
  }

  @Test
  void noArgumentIsPassedOnThatIsShorterThanItsNumberSays() throws Exception {
    try (DeviceFile file = DeviceFile.open(Path.of("/dev/null"))) {
      assertThatThrownBy(() -> file.control(REQUEST, ByteBuffer.allocateDirect(31)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("31 bytes, not 32");
    }
  }

  @Test
  void messagesGoBothWays() throws Exception {
    ByteBuffer message = ByteBuffer.allocateDirect(8).putLong(0, -1);
    try (DeviceFile file = DeviceFile.open(Path.of("/dev/zero"))) {
      assertThat(file.read(message)).isEqualTo(8);
      assertThat(message.getLong(0)).isZero();
      file.write(message, 8);
      assertThatThrownBy(() -> file.write(message, 9)).isInstanceOf(IllegalArgumentException.class);
    }
    try (DeviceFile file = DeviceFile.open(Path.of("/dev/full"))) {
      assertThatThrownBy(() -> file.write(message, 8)).hasMessageContaining("No space left");
    }
  }

  /** A splice() from a silent socket keeps the lock of a pipe, which a close waits for. */
  @Test
  void whoClosesASlowFileDoesNotWait(@TempDir Path directory) throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    OwnedFd[] silent = UnixSocket.pair();
    DeviceFile slow = DeviceFile.openSlow(fifo);
    try (OwnedFd listener = silent[1];
        DeviceFile pipe = DeviceFile.open(fifo);
        OwnedFd speaker = silent[0]) {
      OpenFiles.makeBlocking(listener);
      OpenFiles.makeBlocking(pipe.fd());
      Thread holder = new Thread(() -> OpenFiles.splice(listener, pipe.fd()));
      holder.start();
      Await.until("in splice", () -> OpenFiles.isLocked(holder));
      Thread closer = new Thread(slow::close);
      closer.start();
      closer.join(20_000);
      assertThat(closer.isAlive()).isFalse();
      assertThat(slow.fd().isOpen()).isFalse();
    } // the silent socket speaks first
  }
}
