package io.vhost4j.loopback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user is told of a node, as far as no module is needed. */
class LoopbackNodeTest {
  @Test
  void aNodeThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> LoopbackNode.open(99))
        .isInstanceOfSatisfying(
            LoopbackException.class, e -> assertThat(e.mayPass()).as("it may come").isTrue())
        .hasMessageContaining("there is no /dev/loopback-99")
        .hasMessageContaining("virtio-loopback");
  }

  @ParameterizedTest
  @CsvSource({
    "95, the module takes no device of type 27, false",
    "1, devices of type 27 are for processes with CAP_NET_ADMIN: start this as root, false",
    "7, more memory than the module allows: raise its parameter max_memory, false",
    "71, speaks another version than this program, false",
    "12, the kernel is short of memory, true",
    "16, programs still hold cards that have gone: end them, true",
    "22, the module does not take the device: ioctl: because, false",
  })
  void aDeviceThatIsNotTakenIsToldWhy(int errno, String words, boolean mayPass) {
    LoopbackException told =
        LoopbackNode.notTaken(Path.of("/dev/loopback-1"), 27, errno, "ioctl: because");
    assertThat(told).hasMessageStartingWith("/dev/loopback-1").hasMessageContaining(words);
    assertThat(told.getMessage()).doesNotContain("\n");
    assertThat(told.mayPass()).isEqualTo(mayPass);
  }
}
