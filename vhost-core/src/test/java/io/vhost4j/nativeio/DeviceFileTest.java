package io.vhost4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

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
}
