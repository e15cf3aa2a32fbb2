package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ServiceManagerTest {
  @TempDir Path directory;

  @Test
  void tellsASocketThatHasAPath() throws Exception {
    String address = directory.resolve("notify").toString();
    try (NotifySocket manager = new NotifySocket(address)) {
      new ServiceManager(address).tell("READY=1");

      assertThat(manager.next()).isEqualTo("READY=1");
    }
  }

  @Test
  void tellsASocketOfTheAbstractNamespace() throws Exception {
    String address = "@vhost4j-" + UUID.randomUUID();
    try (NotifySocket manager = new NotifySocket(address)) {
      new ServiceManager(address).tell("STOPPING=1");

      assertThat(manager.next()).isEqualTo("STOPPING=1");
    }
  }

  @Test
  void aManagerThatIsGoneOrAbsentIsNoReasonToFail() {
    String nobody = directory.resolve("nobody").toString();

    assertThatCode(
            () -> {
              new ServiceManager(nobody).tell("READY=1");
              new ServiceManager("").tell("READY=1");
              new ServiceManager(null).tell("READY=1");
            })
        .doesNotThrowAnyException();
  }
}
