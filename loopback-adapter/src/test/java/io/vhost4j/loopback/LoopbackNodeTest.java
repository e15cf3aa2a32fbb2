package io.vhost4j.loopback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a user is told of a node, as far as no module is needed. */
class LoopbackNodeTest {
  private static CardNode open(KernelSide side) throws Exception {
    Vertx vertx = Vertx.vertx();
    try {
      return side.open(99, 25, (ContextInternal) vertx.getOrCreateContext(), reason -> {});
    } finally {
      vertx.close().await();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"AUTO", "LOOPBACK"})
  void aNodeThatIsNotThereIsNamed(KernelSide side) {
    assertThatThrownBy(() -> open(side))
        .isInstanceOfSatisfying(
            LoopbackException.class, e -> assertThat(e.mayPass()).as("it may come").isTrue())
        .hasMessageContaining("there is no /dev/loopback-99")
        .hasMessageContaining("virtio-loopback");
  }

  @Test
  void aKernelWithoutVduseIsToldOf() {
    assumeThat(Files.exists(VduseNode.CONTROL)).isFalse();
    assertThatThrownBy(() -> open(KernelSide.VDUSE))
        .isInstanceOfSatisfying(
            LoopbackException.class, e -> assertThat(e.mayPass()).as("it may come").isTrue())
        .hasMessageContaining("there is no /dev/vduse/control")
        .hasMessageContaining("modprobe");
  }

  @ParameterizedTest
  @CsvSource({
    "22, VDUSE of this kernel takes no device of type 25, false",
    "1, devices of type 25 are for processes with CAP_NET_ADMIN: start this as root, false",
    "12, the kernel is short of memory, true",
    "17, the card that was there has not gone yet: end the programs that use it, true",
    "5, VDUSE does not take the device: ioctl: because, false",
  })
  void aDeviceThatVduseDoesNotTakeIsToldWhy(int errno, String words, boolean mayPass) {
    LoopbackException told =
        VduseNode.notTaken("/dev/vduse/loopback-1", 25, errno, "ioctl: because");
    assertThat(told).hasMessageStartingWith("/dev/vduse/loopback-1: ").hasMessageContaining(words);
    assertThat(told.mayPass()).isEqualTo(mayPass);
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
