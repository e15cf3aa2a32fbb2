package io.vhost4j.device.can;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CanDeviceProviderTest {
  private final CanDeviceProvider provider = new CanDeviceProvider();

  /** On a kernel without CAN, and in a sandbox, there are no sockets to look for it with. */
  @Test
  void anInterfaceThatIsNotThereIsOneLineThatSaysWhatToDo() {
    DeviceOptions options = new DeviceOptions("can", Map.of("can-devices", "nosuch0"));
    assertThatThrownBy(() -> provider.open(options))
        .isInstanceOf(DeviceException.class)
        .hasMessageMatching(
            "nosuch0 is no CAN interface of this network namespace: .* lists them.*"
                + "|nosuch0 cannot be used, as this process has no CAN sockets: .*can-raw.*AF_CAN");
  }

  private OpenDevice pair(int index, String wire) throws DeviceException {
    Map<String, String> values = Map.of("can-devices", wire);
    return provider.open(new DeviceOptions("can" + index, index, 3, values));
  }

  @Test
  void aWireHasTwoEnds() throws Exception {
    for (String wire : List.of("pair:a", "pair:b", "pair:b", "pair:a")) {
      assertThat(pair(0, wire).description()).isEqualTo("an end of the wire " + wire);
    }
    assertThatThrownBy(() -> pair(2, "pair:a"))
        .isInstanceOf(DeviceException.class)
        .hasMessage("pair:a joins two sockets and not three: name another wire");
  }

  private List<String> warnings(String... names) {
    return provider.warnings(
        Arrays.stream(names)
            .map(name -> new DeviceOptions("can", Map.of("can-devices", name)))
            .toList());
  }

  @Test
  void aWireWithOneEndIsToldOf() {
    assertThat(warnings("pair:a", "can0", "pair:b", "pair:b"))
        .containsExactly(
            "--can-devices: no other card of this process is at the wire pair:a, so nobody hears"
                + " this one: name it for two, as in --can-devices=\"pair:a pair:a\"");
    assertThat(warnings("pair:", "pair:")).isEmpty();
  }
}
