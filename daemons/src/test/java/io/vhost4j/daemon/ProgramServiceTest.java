package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.testkit.LogWatch;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** What programs say when they start. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class ProgramServiceTest {
  private static final String ALONE = "no other card of this process is at the wire pair:a";

  @TempDir Path directory;

  @Test
  void aDaemonWarnsOnceOfWhatHasNoEffect() throws Exception {
    String line = "--socket=%s -d pair:a".formatted(directory.resolve("can.sock"));
    DaemonCommandLine.Request request =
        new DaemonCommandLine("vhost-device-can", DeviceProviders.named("can"))
            .parse(line.split(" ", -1));
    DaemonOptions options = ((DaemonCommandLine.Request.Serve) request).options();
    DaemonService service = new DaemonService("vhost-device-can", options);
    try (LogWatch log = new LogWatch()) {
      var unused = service.start();
      assertThat(log.lines()).filteredOn(each -> each.contains(ALONE)).hasSize(1);
    } finally {
      service.stop();
    }
  }

  @Test
  void theAdapterWarnsOfWhatItServesItself() throws Exception {
    AdapterCommandLine.Request request =
        AdapterCommandLine.parse(
            DeviceProviders.all(),
            new String[] {"1"},
            "-d can -d rng -l 98 -l 99 --transport=loopback --can-devices=pair:a".split(" ", -1));
    AdapterService service =
        new AdapterService(((AdapterCommandLine.Request.Serve) request).options());
    try (LogWatch log = new LogWatch()) {
      assertThatThrownBy(service::start)
          .isInstanceOf(StartException.class)
          .hasMessageContaining("/dev/loopback-98");
      assertThat(log.lines()).filteredOn(each -> each.contains(ALONE)).hasSize(1);
    } finally {
      service.stop();
    }
  }
}
