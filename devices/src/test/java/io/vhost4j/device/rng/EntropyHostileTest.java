package io.vhost4j.device.rng;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDevice;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.HostileSuite;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Whatever a guest does to a source of entropy: the next gets his bytes. */
@Tag("jdk")
@Tag("long")
class EntropyHostileTest {
  private static VirtioDevice open() throws IOException {
    return new EntropyDevice(
        "entropy", Path.of("/dev/urandom"), Long.MAX_VALUE, Duration.ofHours(1));
  }

  private static void works(Guest guest) throws Exception {
    assertThat(guest.queue(0).request(new byte[0], 64).length()).isBetween(1L, 64L);
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    return HostileSuite.of(EntropyHostileTest::open, EntropyHostileTest::works)
        .request(0, new byte[0], 64)
        .tests();
  }
}
