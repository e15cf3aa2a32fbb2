package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.sound.SoundDeviceProvider;
import io.vhost4j.engine.Polling;
import io.vhost4j.vhostuser.channel.SocketRights;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SoundCommandLineTest {
  private static final AudioOption PACE =
      new AudioOption("pace", "HOW", "how fast", "real", AudioOption.Values.oneOf("real", "none"));
  private static final AudioOption FILE =
      new AudioOption("tape", "FILE", "where to; %d becomes the stream", "tape-%d.wav");
  private static final AudioOption LOOP = new AudioOption("loop", "", "start over", "false");

  /** A backend as a third party would bring it: an option of its own, and one that is shared. */
  private record Provider(String name, List<AudioOption> options) implements AudioBackendProvider {
    @Override
    public String description() {
      return "the backend " + name;
    }

    @Override
    public AudioBackend open(Map<String, String> options) throws AudioException {
      throw new AudioException("not to be opened by a parser");
    }
  }

  private static final List<AudioBackendProvider> BACKENDS =
      List.of(
          new Provider("silent", List.of(PACE)), new Provider("tape", List.of(FILE, LOOP, PACE)));

  private static DaemonOptions parse(String line) throws Exception {
    DaemonCommandLine.Request request = request(line);
    assertThat(request).isInstanceOf(DaemonCommandLine.Request.Serve.class);
    return ((DaemonCommandLine.Request.Serve) request).options();
  }

  private static DaemonCommandLine.Request request(String line) throws Exception {
    String[] args = line.isEmpty() ? new String[0] : line.split(" ", -1);
    return commandLine(BACKENDS, "vhost-device-sound 9.9", "a JVM").parse(args);
  }

  private static DaemonCommandLine commandLine(
      List<AudioBackendProvider> backends, String... version) throws StartException {
    return new DaemonCommandLine("vhost-device-sound", new SoundDeviceProvider(backends), version);
  }

  private static String text(String line) throws Exception {
    return ((DaemonCommandLine.Request.Print) request(line)).text();
  }

  @Test
  void oneSocketAndABackendAreEnough() throws Exception {
    DaemonOptions options = parse("--socket /tmp/snd.sock --backend silent");

    assertThat(options.logLevel()).isEqualTo(LogLevel.INFO);
    assertThat(options.metrics()).isNull();
    assertThat(options.devices())
        .containsExactly(
            new DeviceSetup(
                new DeviceOptions("snd", Map.of("backend", "silent")),
                ListenSocket.at(Path.of("/tmp/snd.sock"), SocketRights.USUAL),
                Polling.whileItPays(),
                null));
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"--socket=/tmp/s", "--socket-path=/tmp/s", "--socket-path /tmp/s"})
  void theSocketHasTheNameOfTheConventionsToo_D1(String socket) throws Exception {
    assertThat(parse(socket + " --backend=silent").devices().get(0).socket().path())
        .isEqualTo(Path.of("/tmp/s"));
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"--socket-fd 7", "--socket-fd=7", "--fd=7", "--fd 7"})
  void theInheritedSocketHasTheNameOfTheConventionsToo_D2(String fd) throws Exception {
    assertThat(parse(fd + " --backend silent").devices().get(0).socket())
        .isEqualTo(ListenSocket.inherited(7));
  }

  @Test
  void eachSocketIsACardAndWhatIsGivenOnceHoldsForAll() throws Exception {
    List<DeviceSetup> cards =
        parse("--socket a --socket b --backend tape --loop --input-streams 0 --pace none")
            .devices();

    assertThat(cards).extracting(device -> device.options().name()).containsExactly("a", "b");
    assertThat(cards)
        .extracting(device -> device.socket().path())
        .containsExactly(Path.of("a"), Path.of("b"));
    assertThat(cards)
        .allSatisfy(
            card -> {
              assertThat(card.options().values())
                  .containsOnly(
                      Map.entry("backend", "tape"),
                      Map.entry("loop", "true"),
                      Map.entry("pace", "none"),
                      Map.entry("input-streams", "0"));
            });
  }

  @Test
  void whatIsGivenForEachCardGoesByTheOrderOfTheSockets() throws Exception {
    List<DeviceSetup> cards =
        parse(
                "--tape one.wav --tape two.wav --socket a --backend tape --output-streams 3"
                    + " --socket b --output-streams 4")
            .devices();

    assertThat(cards)
        .extracting(device -> device.options().values())
        .containsExactly(
            Map.of("backend", "tape", "output-streams", "3", "tape", "one.wav"),
            Map.of("backend", "tape", "output-streams", "4", "tape", "two.wav"));
  }

  @Test
  void aCardIsNamedAfterItsSocketOrByTheUser() throws Exception {
    String two = "--socket /run/1/snd.sock --socket /run/2/snd.sock --backend silent";
    assertThat(parse(two).devices())
        .extracting(device -> device.options().name())
        .containsExactly("snd", "snd-2");
    assertThat(parse(two + " --name left --name right").devices())
        .extracting(device -> device.options().name())
        .containsExactly("left", "right");
    assertThat(parse("--fd 3 --fd 4 --backend silent").devices())
        .extracting(device -> device.options().name())
        .containsExactly("sound", "sound-2");
  }

  @Test
  void pollingIsForAllOrForEach() throws Exception {
    String cards = "--socket a --socket b --backend silent --poll-us ";
    assertThat(parse(cards + "50").devices())
        .extracting(DeviceSetup::polling)
        .containsOnly(Polling.upTo(Duration.ofNanos(50_000)));
    assertThat(parse(cards + "0 --poll-us 10000").devices())
        .extracting(DeviceSetup::polling)
        .containsExactly(Polling.never(), Polling.upTo(Duration.ofMillis(10)));
    assertThat(parse("--socket a --backend silent").devices())
        .extracting(DeviceSetup::polling)
        .containsExactly(Polling.whileItPays());
  }

  @Test
  void anOptionOfOneBackendGoesToTheCardsThatHaveIt() throws Exception {
    List<DeviceSetup> cards =
        parse(
                "--socket a --socket b --socket c --backend tape --backend silent --backend tape"
                    + " --tape 1.wav --tape 3.wav --pace none")
            .devices();

    assertThat(cards)
        .extracting(device -> device.options().values())
        .containsExactly(
            Map.of("backend", "tape", "tape", "1.wav", "pace", "none"),
            Map.of("backend", "silent", "pace", "none"),
            Map.of("backend", "tape", "tape", "3.wav", "pace", "none"));
  }

  @Test
  void aSwitchCanBeTurnedOff() throws Exception {
    assertThat(parse("--socket a --backend tape --loop=false").devices().get(0).options().values())
        .containsEntry("loop", "false");
  }

  @ParameterizedTest
  @CsvSource({
    "9100, 127.0.0.1, 9100",
    "0.0.0.0:9100, 0.0.0.0, 9100",
    "[::1]:0, ::1, 0",
  })
  void metricsListenOnLoopbackUnlessToldOtherwise(String given, String host, int port)
      throws Exception {
    assertThat(parse("--socket a --backend silent --metrics " + given).metrics())
        .isEqualTo(new InetSocketAddress(host, port));
  }

  @ParameterizedTest
  @ValueSource(strings = {"debug", "DEBUG", "Debug"})
  void logLevelsAreTakenInAnyCase(String level) throws Exception {
    assertThat(parse("--socket a --backend silent --log-level " + level).logLevel())
        .isEqualTo(LogLevel.DEBUG);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "--backend silent | no socket: say where to listen with --socket=PATH",
        "--socket a | no backend: say where the sound goes with --backend=silent or tape",
        "--socket a --backend loud | --backend=loud is unknown: give silent or tape",
        "--socket a --fd 3 --backend tape"
            + " | --socket and --socket-fd exclude each other: give one of them",
        "--socket a --socket ./a --backend tape | --socket=./a is given twice",
        "--fd 3 --fd 3 --backend tape | --socket-fd=3 is given twice",
        "--fd -1 --backend tape | --socket-fd=-1 is not a file descriptor",
        "--socket= --backend tape | --socket is empty: give the path of a Unix socket",
        "--socket a --backend silent --tape x | --tape is an option of --backend=tape, not of silent",
        "--socket a --socket b --backend tape --pace none --pace wrong"
            + " | --pace=wrong is unknown: give real or none",
        "--socket a --backend tape --tape x --tape y"
            + " | --tape is given 2 times for 1 socket: give it once",
        "--socket a --socket b --socket c --backend tape --backend silent"
            + " | --backend is given 2 times for 3 sockets: give it once for all or once for each",
        "--socket a --backend tape --output-streams 65"
            + " | --output-streams=65: possible are 0 to 64",
        "--socket a --backend tape --output-streams 0 --input-streams 0"
            + " | a card without streams: --output-streams and --input-streams are both 0",
        "--socket a --backend tape --formats S16,S17"
            + " | --formats=S16,S17: 'S17' is unknown: give common, all or some of IMA_ADPCM,MU_LAW,"
            + "A_LAW,S8,U8,S16,U16,S18_3,U18_3,S20_3,U20_3,S24_3,U24_3,S20,U20,S24,U24,S32,U32,FLOAT,"
            + "FLOAT64,DSD_U8,DSD_U16,DSD_U32,IEC958_SUBFRAME",
        "--socket a --backend tape --rates 48k"
            + " | --rates=48k: '48k' is unknown: give common, all or some of 5512,8000,11025,12000,"
            + "16000,22050,24000,32000,44100,48000,64000,88200,96000,176400,192000,384000",
        "--socket a --backend tape --channels 19 | --channels=19: possible are 1 to 18",
        "--socket a --socket b --backend tape --name x"
            + " | --name is given 1 times for 2 sockets: give it once for each",
        "--socket a --socket b --backend tape --name x --name x | --name=x is given twice",
        "--socket a --backend tape --name= | --name= is no name: give it letters",
        "--socket a --backend tape --poll-us -1"
            + " | --poll-us=-1: possible are 0 to 10000 microseconds",
        "--socket a --backend tape --poll-us=10001"
            + " | --poll-us=10001: possible are 0 to 10000 microseconds",
        "--socket a --backend tape --poll-us 50us"
            + " | --poll-us=50us: possible are 0 to 10000 microseconds",
        "--fd x --backend tape | --socket-fd=x is not a file descriptor",
        "--fd 99999999999 --backend tape | --socket-fd=99999999999 is not a file descriptor",
        "--socket a --backend tape --output-streams -1"
            + " | --output-streams=-1: possible are 0 to 64",
        "--socket a --backend tape --output-streams 99999999999999999999"
            + " | --output-streams=99999999999999999999: possible are 0 to 64",
        "--socket a --backend tape --input-streams many"
            + " | --input-streams=many: possible are 0 to 64",
        "--socket a --backend tape --input-streams=" + " | --input-streams=: possible are 0 to 64",
        "--socket a --backend tape --log-level loud"
            + " | --log-level=loud: possible are off, error, warn, info, debug, trace",
        "--socket a --backend tape --log-level="
            + " | --log-level=: possible are off, error, warn, info, debug, trace",
        "--socket a --backend= | --backend= is unknown: give silent or tape",
        "--socket a --backend tape --socket-mode 999 | --socket-mode=999 is no mode:"
            + " give three octal digits, such as 660 for user and group",
        "--socket a --backend tape --socket-mode rw | --socket-mode=rw is no mode:"
            + " give three octal digits, such as 660 for user and group",
        "--socket a --backend tape --socket-mode 4777 | --socket-mode=4777 is no mode:"
            + " give three octal digits, such as 660 for user and group",
        "--socket a --backend tape --socket-mode= | --socket-mode= is no mode:"
            + " give three octal digits, such as 660 for user and group",
        "--socket a --backend tape --socket-group no-such-group"
            + " | --socket-group=no-such-group: there is no such group; 'getent group' lists them",
        "--socket a --backend tape --socket-group -1"
            + " | --socket-group=-1: there is no such group; 'getent group' lists them",
        "--socket a --backend tape --socket-group="
            + " | --socket-group=: there is no such group; 'getent group' lists them",
        "--fd 3 --backend tape --socket-mode 660"
            + " | --socket-mode is for --socket=PATH: an inherited socket has its rights already",
        "--fd 3 --backend tape --socket-group 0"
            + " | --socket-group is for --socket=PATH: an inherited socket has its rights already",
        "--fd 3 --backend tape --print-qemu"
            + " | --print-qemu needs --socket=PATH: nobody knows the path of an inherited socket",
        "--backend tape --print-qemu | no socket: say where to listen with --socket=PATH",
        "--soket a --backend tape"
            + " | there is no option --soket: did you mean --socket or --socket-path?",
        "--soket=a --backend tape"
            + " | there is no option --soket: did you mean --socket or --socket-path?",
        "--socket a --backend tape --log-level info --log-level debug"
            + " | --log-level is given 2 times: give it once",
        "--socket a --backend tape --metrics 1 --metrics 2"
            + " | --metrics is given 2 times: give it once",
        "--socket a --backend tape --socket-mode 600 --socket-mode 660"
            + " | --socket-mode is given 2 times: give it once",
        "--zzz | there is no option --zzz",
        "--socket a --backend tape stray | what is 'stray'? Options begin with --",
        "--socket | --socket needs a value: --socket=PATH",
        "--socket --backend tape | --socket needs a value: --socket=PATH",
        "--socket a --backend | --backend needs a value: --backend=NAME",
        "--socket a --backend tape --metrics | --metrics needs a value: --metrics=[ADDRESS:]PORT",
        "--socket a --backend tape --metrics= | --metrics= is not [ADDRESS:]PORT",
        "--socket a --backend tape --metrics no.such.host.invalid:80"
            + " | --metrics=no.such.host.invalid:80: there is no host 'no.such.host.invalid';"
            + " give one of this machine's addresses",
        "--socket a --backend tape --metrics nowhere | --metrics=nowhere is not [ADDRESS:]PORT",
        "--socket a --backend tape --metrics 70000 | --metrics=70000 is not [ADDRESS:]PORT",
        "--socket a --backend tape --metrics :80 | --metrics=:80 is not [ADDRESS:]PORT",
      })
  void whatCannotBeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> request(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }

  @Test
  void withoutOptionsTheFirstOneMissingIsNamed() {
    assertThatThrownBy(() -> request(""))
        .isInstanceOf(UsageException.class)
        .hasMessage("no socket: say where to listen with --socket=PATH");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "--socket a --backend tape --loop=maybe | --loop",
      })
  void whatCannotBeReadIsNamed(String line, String named) {
    assertThatThrownBy(() -> request(line))
        .isInstanceOf(UsageException.class)
        .message()
        .contains(named)
        .hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource({"660, 0660", "0600, 0600", "000, 0", "777, 0777"})
  void theModeHoldsForAllSockets(String given, String mode) throws Exception {
    List<DeviceSetup> cards =
        parse("--socket a --socket b --backend tape --socket-mode " + given).devices();

    assertThat(cards)
        .extracting(device -> device.socket().rights())
        .containsOnly(new SocketRights(Integer.parseInt(mode, 8), null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"root", "0"})
  void theGroupIsANameOrANumber(String given) throws Exception {
    SocketRights rights =
        parse("--socket a --backend tape --socket-group " + given)
            .devices()
            .get(0)
            .socket()
            .rights();

    assertThat(rights.mode()).isNull();
    assertThat(rights.group())
        .isEqualTo(Files.getAttribute(Path.of("/"), "posix:group", LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void theArgumentsForQemuHaveACardForEachSocket() throws Exception {
    assertThat(text("--socket /run/a.sock --socket b.sock --backend tape --print-qemu"))
        .isEqualTo(
            """
            -m 2G -object memory-backend-memfd,id=mem,size=2G,share=on -machine memory-backend=mem \\
            -chardev socket,id=sound0,path=/run/a.sock -device vhost-user-snd-pci,chardev=sound0 \\
            -chardev socket,id=sound1,path=%s -device vhost-user-snd-pci,chardev=sound1
            """
                .formatted(Path.of("b.sock").toAbsolutePath()));
  }

  @Test
  void pathsForQemuAreQuotedForAShellAndHaveTheirCommasDoubled() throws Exception {
    assertThat(
            ((DaemonCommandLine.Request.Print)
                    commandLine(BACKENDS, "1")
                        .parse("--socket=/run/it's a, b$HOME", "--backend=tape", "--print-qemu"))
                .text())
        .contains("-chardev 'socket,id=sound0,path=/run/it'\\''s a,, b$HOME' -device");
  }

  @Test
  void aPathThatWouldBecomeTooLongForASocketStaysRelativeForQemu() throws Exception {
    String name = "x".repeat(107);

    assertThat(text("--socket " + name + " --backend tape --print-qemu"))
        .contains("path=" + name + " ");
  }

  @Test
  void aSocketPathThatNoSocketCanHaveIsRefused() {
    assertThatThrownBy(() -> request("--backend tape --socket /" + "x".repeat(107)))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("107 bytes");
  }

  @Test
  void helpListsTheBackendsAndTheirOptions() throws Exception {
    String help = text("--help");

    assertThat(help)
        .isEqualTo(text("-h"))
        .contains("--socket", "--socket-path", "--socket-fd", "--fd", "--backend")
        .contains("--output-streams", "--input-streams", "--log-level", "--metrics")
        .contains("--print-capabilities", "--print-qemu", "--help", "--version")
        .contains("--socket-mode", "--socket-group")
        .containsSubsequence(
            "The devices:", "--socket,", "--backend=NAME", "The daemon:", "--metrics", "Print")
        .contains("silent", "the backend tape")
        .contains("With --backend=silent or tape:", "With --backend=tape:")
        .contains("--tape=FILE", "%d becomes the stream", "tape-%d.")
        .contains("--loop")
        .doesNotContain("%n");
    assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
  }

  @Test
  void versionNamesProgramAndJvm() throws Exception {
    assertThat(text("--version").lines()).containsExactly("vhost-device-sound 9.9", "a JVM");
    assertThat(text("-V")).isEqualTo(text("--version"));
  }

  @Test
  void aBackendCannotTakeAnOptionOfTheDaemon() {
    AudioOption clash = new AudioOption("socket", "X", "clashes", "");

    assertThatThrownBy(() -> commandLine(List.of(new Provider("greedy", List.of(clash))), "1"))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("greedy")
        .hasMessageContaining("--socket");
  }
}
