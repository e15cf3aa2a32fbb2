package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.engine.Polling;
import io.vhost4j.loopback.DeviceKind;
import io.vhost4j.loopback.KernelSide;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line of {@code virtio-loopback-adapter}. */
class AdapterCommandLineTest {
  private static AdapterCommandLine.Request request(String line) throws Exception {
    return AdapterCommandLine.parse(DeviceProviders.all(), new String[] {"1"}, line.split(" ", -1));
  }

  private static AdapterOptions options(String line) throws Exception {
    return ((AdapterCommandLine.Request.Serve) request(line)).options();
  }

  private static List<CardSetup> cards(String line) throws Exception {
    return options(line).cards();
  }

  private static DeviceKind kind(String name) {
    return DeviceKind.ALL.stream().filter(kind -> kind.name().equals(name)).findFirst().get();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-s /tmp/vhost.sock -d vhublk -l 3 -qn 4 -qs 128",
        "-qs 128 -qn 4 -l 3 -d vhublk -s /tmp/vhost.sock",
        "--socket=/tmp/vhost.sock --device=vhublk --loopback=3 --queues=4 --queue-size=128",
      })
  void theLineOfOtherAdaptersIsTaken(String line) throws Exception {
    assertThat(cards(line))
        .containsExactly(
            new CardSetup.Behind(3, kind("vhublk"), Path.of("/tmp/vhost.sock"), 4, 128));
  }

  @Test
  void theFirstNodeIsTakenWhereNoneIsGiven() throws Exception {
    assertThat(cards("-s /tmp/a -d vhusnd"))
        .containsExactly(new CardSetup.Behind(0, kind("vhusnd"), Path.of("/tmp/a"), 4, 64));
  }

  @Test
  void aDeviceOfThisProcessTakesItsOwnOptions() throws Exception {
    assertThat(cards("-d sound --backend=file --playback-file=/tmp/a.wav -l 2 --poll-us=50"))
        .singleElement()
        .isInstanceOfSatisfying(
            CardSetup.Here.class,
            here -> {
              assertThat(here.node()).isEqualTo(2);
              assertThat(here.provider().name()).isEqualTo("sound");
              assertThat(here.options().name()).isEqualTo("loopback-2");
              assertThat(here.options().values()).containsEntry("playback-file", "/tmp/a.wav");
              assertThat(here.polling()).isEqualTo(Polling.upTo(Duration.ofNanos(50_000)));
            });
  }

  /** The native daemons' {@code -l} and {@code --device} are other things here. */
  @Test
  void ofNamesThatThisProgramHasADeviceHasOthers() throws Exception {
    assertThat(cards("-d i2c -l 3 --device-list=sim:80"))
        .singleElement()
        .isInstanceOfSatisfying(
            CardSetup.Here.class,
            here -> {
              assertThat(here.node()).isEqualTo(3);
              assertThat(here.options().values()).containsEntry("device-list", "sim:80");
            });
    assertThat(cards("-d spi -l 3 --chips=sim"))
        .singleElement()
        .isInstanceOfSatisfying(
            CardSetup.Here.class,
            here -> assertThat(here.options().values()).containsEntry("chips", "sim"));
  }

  @Test
  void theEntropyDeviceNeedsNoDaemon() throws Exception {
    assertThat(cards("-d vrng -l 0"))
        .singleElement()
        .isInstanceOfSatisfying(
            CardSetup.Here.class, here -> assertThat(here.provider().name()).isEqualTo("rng"));
  }

  @Test
  void cardsOfOneProcessMayBeOfAnyKind() throws Exception {
    List<CardSetup> cards =
        cards(
            "-d sound -d vhurng -d sound -l 0 -l 5 -l 7 -s /tmp/rng --backend=null"
                + " --backend=file --playback-file=/tmp/b.wav");
    assertThat(cards).extracting(CardSetup::node).containsExactly(0, 5, 7);
    assertThat(cards.get(1))
        .isEqualTo(new CardSetup.Behind(5, kind("vhurng"), Path.of("/tmp/rng"), 1, 64));
    assertThat(((CardSetup.Here) cards.get(2)).options().values())
        .containsEntry("backend", "file")
        .containsEntry("playback-file", "/tmp/b.wav");
  }

  @Test
  void oneDeviceForSeveralNodesIsSeveralCards() throws Exception {
    assertThat(cards("-d vhusnd -s /tmp/a -s /tmp/b -l 0 -l 1"))
        .containsExactly(
            new CardSetup.Behind(0, kind("vhusnd"), Path.of("/tmp/a"), 4, 64),
            new CardSetup.Behind(1, kind("vhusnd"), Path.of("/tmp/b"), 4, 64));
  }

  @Test
  void waitingIsAskedFor() throws Exception {
    assertThat(options("-d vrng").waits()).isFalse();
    assertThat(options("-d vrng --wait").waits()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "'', AUTO",
    "--transport=auto, AUTO",
    "--transport=loopback, LOOPBACK",
    "--transport=vduse, VDUSE"
  })
  void theKernelsSideIsChosen(String option, KernelSide side) throws Exception {
    assertThat(options(("-s /tmp/s -d vhublk " + option).strip()).side()).isEqualTo(side);
  }

  @Test
  void everyKindOfDaemonHasItsPlaceInTheTable() throws Exception {
    for (DeviceKind kind : DeviceKind.ALL) {
      assertThat(cards("-s /tmp/s -d " + kind.name())).hasSize(1);
    }
  }

  @Test
  void helpNamesAllOptions() throws Exception {
    String help = ((AdapterCommandLine.Request.Print) request("--help")).text();
    assertThat(help)
        .contains("-qn", "-qs", "vhusnd", "--wait", "With --device=sound:", "--backend")
        .containsPattern("tell their own options:[^.]*--device=i2c");
    assertThat(((AdapterCommandLine.Request.Print) request("--print-manual")).text())
        .startsWith(".TH VIRTIO-LOOPBACK-ADAPTER 1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-l 0 | no device: say which with --device",
        "-d i2c -d gpio | --device-list is an option of i2c and of gpio: start an adapter",
        "-d foo -s /a | there is no device 'foo': choose vhublk",
        "-d vhusnd | no socket for vhusnd: say where its daemon listens",
        "-d sound --backend=null -s /a | sound is served in this process, without a daemon",
        "-d vhusnd -s /a -l x | --loopback=x is no N of /dev/loopback-N",
        "-d vrng -l 1 -l 1 | --loopback=1 is given twice",
        "-d vrng -d vrng -l 1 | --loopback is given 1 times for 2 cards",
        "-d vhusnd -s /a -qs 100 | --queue-size=100: possible are powers of 2",
        "-d vhublk -s /a -qn 17 | --queues=17: possible are 1 to 16",
        "-d vhusnd -s /a -qn 2 | --queues is for vhublk: vhusnd has 4 queues",
        "-d vrng --transport=foo | --transport=foo is unknown",
        "-d vrng --backend=null | there is no option --backend",
        "-d sound --backend=foo | --backend=foo is unknown",
        "-d sound | no backend",
      })
  void aMistakeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> request(line.strip()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }
}
