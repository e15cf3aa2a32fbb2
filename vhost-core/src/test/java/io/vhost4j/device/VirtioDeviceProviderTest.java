package io.vhost4j.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VirtioDeviceProviderTest {
  private static final DeviceOption KIND =
      DeviceOption.choice(
              "kind", "NAME", "what it is", new TreeMap<>(Map.of("dry", "a", "wet", "b")))
          .requiredTo("say what it is");
  private static final DeviceOption SPEED =
      DeviceOption.number("speed", "N", "how fast", 1, 10).inUnitsOf("knots").byDefault("5");
  private static final DeviceOption DEPTH =
      DeviceOption.number("depth", "N", "how deep", 0, Long.MAX_VALUE)
          .byDefault("3")
          .onlyWith(KIND, List.of("wet"));
  private static final DeviceOption LOUD = DeviceOption.flag("loud", "whether it is");
  private static final DeviceOption FILE = DeviceOption.path("file", "from where");
  private static final DeviceOption NOTE =
      DeviceOption.text("note", "TEXT", "what to say").onlyWith(SPEED, List.of("5", "6"));

  private static final VirtioDeviceProvider PROVIDER =
      new VirtioDeviceProvider() {
        @Override
        public String name() {
          return "boat";
        }

        @Override
        public int deviceType() {
          return 63;
        }

        @Override
        public String summary() {
          return "A boat";
        }

        @Override
        public List<DeviceOption> options() {
          return List.of(KIND, SPEED, DEPTH, LOUD, FILE, NOTE);
        }

        @Override
        public OpenDevice open(DeviceOptions options) throws DeviceException {
          throw new DeviceException("there is no boat");
        }

        @Override
        public String qemuDevice(DeviceOptions options) {
          return "none";
        }
      };

  private static void check(String given) throws DeviceOptionException {
    Map<String, String> values = new HashMap<>();
    for (String each : given.split(" ", -1)) {
      String[] option = each.split("=", 2);
      if (option.length == 2) {
        values.put(option[0], option[1]);
      }
    }
    PROVIDER.check(new DeviceOptions("x", values));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kind=dry",
        "kind=wet depth=0 speed=10",
        "kind=wet depth=9223372036854775807",
        "kind=dry loud=true",
        "kind=dry loud=false file=/tmp/x note=",
        "kind=dry speed=6 note=x",
      })
  void whatTheOptionsTakeIsRight(String given) {
    assertThatCode(() -> check(given)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "- | no kind: say what it is with --kind=dry or wet",
        "kind=damp | --kind=damp is unknown: give dry or wet",
        "kind=dry depth=1 | --depth is an option of --kind=wet, not of dry",
        "kind=wet depth=9223372036854775808"
            + " | --depth=9223372036854775808: possible are 0 to 9223372036854775807",
        "kind=wet depth=-1 | --depth=-1: possible are 0 to 9223372036854775807",
        "kind=dry speed=0 | --speed=0: possible are 1 to 10 knots",
        "kind=dry speed=11 | --speed=11: possible are 1 to 10 knots",
        "kind=dry speed= | --speed=: possible are 1 to 10 knots",
        "kind=dry speed=1e1 | --speed=1e1: possible are 1 to 10 knots",
        "kind=dry loud=yes | --loud=yes is unknown: give true or false",
        "kind=dry file= | --file is empty: give the path of a file",
        "kind=dry speed=7 note=x | --note is an option of --speed=5 or 6, not of 7",
        "kind=dry sail=2"
            + " | the device boat has no option 'sail': it has kind, speed, depth, loud, file, note",
      })
  void whatTheyDoNotTakeIsToldInOneLine(String given, String message) {
    assertThatThrownBy(() -> check(given))
        .isInstanceOf(DeviceOptionException.class)
        .hasMessage(message);
  }

  @Test
  void optionsHaveTheirValueOrTheirDefault() {
    DeviceOptions given =
        new DeviceOptions("x", Map.of("speed", "7", "loud", "true", "file", "/tmp/x"));
    DeviceOptions none = new DeviceOptions("x", Map.of());

    assertThat(given.number(SPEED)).isEqualTo(7);
    assertThat(none.number(SPEED)).isEqualTo(5);
    assertThat(given.flag(LOUD)).isTrue();
    assertThat(none.flag(LOUD)).isFalse();
    assertThat(given.path(FILE)).isEqualTo(Path.of("/tmp/x"));
    assertThat(given.has(FILE)).isTrue();
    assertThat(none.has(FILE)).isFalse();
    assertThat(none.text(KIND)).isEmpty();
    assertThat(none.devices()).isEqualTo(1);
  }
}
