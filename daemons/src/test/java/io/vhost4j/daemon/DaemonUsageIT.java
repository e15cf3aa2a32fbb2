package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the packaged launcher answers to those who only ask, and to those who ask wrongly. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonUsageIT {
  @TempDir Path directory;

  @Test
  void capabilitiesArePrintedWhateverElseIsAskedFor_D3() throws Exception {
    try (Daemon daemon = Daemon.start("--socket-path=/nowhere/x", "--print-capabilities")) {
      assertThat(daemon.out()).containsExactly("{\"type\": \"sound\"}");
      assertThat(daemon.exitStatus()).isZero();
      assertThat(daemon.err()).isEmpty();
    }
  }

  @Test
  void helpGoesToStdout() throws Exception {
    try (Daemon daemon = Daemon.start("-h")) {
      assertThat(daemon.out())
          .anySatisfy(line -> assertThat(line).contains("--socket"))
          .anySatisfy(line -> assertThat(line).contains("--playback-file"));
      assertThat(daemon.exitStatus()).isZero();
      assertThat(daemon.err()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"console", "rng", "sound"})
  void theManualHasEveryOptionOfTheHelp(String device) throws Exception {
    Path page = Daemon.DISTRIBUTION.resolve("share/man/man1/vhost-device-" + device + ".1");
    String manual = Files.readString(page).replace("\\-", "-");
    try (Daemon daemon = Daemon.startDevice(device, "-h")) {
      List<String> options =
          Pattern.compile("--[a-z-]+")
              .matcher(String.join("\n", daemon.out()))
              .results()
              .map(MatchResult::group)
              .distinct()
              .toList();
      assertThat(options).hasSizeGreaterThan(13);
      assertThat(manual).contains(options);
    }
  }

  @Test
  void versionNamesTheReleaseAndTheJvm() throws Exception {
    try (Daemon daemon = Daemon.start("-V")) {
      assertThat(daemon.out())
          .hasSize(2)
          .satisfies(lines -> assertThat(lines.get(0)).matches("vhost-device-sound \\d+\\.\\d+.*"))
          .satisfies(
              lines ->
                  assertThat(lines.get(1)).contains(System.getProperty("java.runtime.version")));
      assertThat(daemon.exitStatus()).isZero();
      assertThat(daemon.err()).isEmpty();
    }
  }

  @Test
  void wrongUsageExitsWith2AndALineAndAHint() throws Exception {
    try (Daemon daemon = Daemon.start("--socket", "/tmp/x", "--backend", "fiddle")) {
      assertThat(daemon.exitStatus()).isEqualTo(2);
      assertThat(daemon.out()).isEmpty();
      assertThat(daemon.err()).hasSize(2).element(0).asString().contains("fiddle");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "null, --pacing=wrong, give realtime or fast or none",
    "pipewire, --pipewire-latency=wrong, give FRAMES/RATE",
    "null, --formats=S17, give common",
  })
  void aWrongValueOfAnOptionIsWrongUsageToo(String backend, String option, String hint)
      throws Exception {
    try (Daemon daemon = Daemon.start("--socket", "/tmp/x", "--backend", backend, option)) {
      assertThat(daemon.exitStatus()).isEqualTo(2);
      assertThat(daemon.out()).isEmpty();
      assertThat(daemon.err()).hasSize(2).element(0).asString().contains(option, hint);
    }
  }

  @Test
  void anUnwritableFileExitsWith1AndALineThatNamesIt() throws Exception {
    Path socket = directory.resolve("sound.sock");
    try (Daemon daemon =
        Daemon.start(
            "--socket",
            socket.toString(),
            "--backend=file",
            "--playback-file=/proc/nowhere/tune.wav")) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.out()).isEmpty();
      assertThat(daemon.err())
          .singleElement()
          .asString()
          .startsWith("vhost-device-sound: ")
          .contains("/proc/nowhere/tune.wav");
      assertThat(socket).doesNotExist();
    }
  }

  /** D6. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "--backend=null --socket=/proc/nowhere/x | /proc/nowhere/x",
        "--backend=null --socket=DIR/none/x | DIR/none/x",
        "--backend=null --socket=DIR | DIR: it is a directory",
        "--backend=null --socket=/proc/version | /proc/version: it exists and is not a socket",
        "--backend=null --socket-fd=99 | file descriptor 99 is not open",
        "--backend=null --socket-fd=0 | file descriptor 0 is not a Unix stream socket",
        "--backend=null --socket=DIR/s --metrics=192.0.2.1:80 | 192.0.2.1:80",
        "--backend=file --socket=DIR/s --playback-file=DIR | cannot play into DIR",
        "--backend=file --socket=DIR/s --capture-file=DIR/none.wav | DIR/none.wav",
        "--backend=alsa --socket=DIR/s --alsa-playback=no-such --alsa-capture=no-such | no-such",
        "--backend=pipewire --socket=DIR/s --pipewire-remote=DIR/none | DIR/none",
        "--backend=null --socket=DIR/none/x --log-level=off | DIR/none/x",
      })
  void whatCannotStartExitsWith1AndALineThatNamesIt(String line, String named) throws Exception {
    String[] args = line.replace("DIR", directory.toString()).split(" ");
    try (Daemon daemon = Daemon.start(args)) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.out()).isEmpty();
      assertThat(daemon.err().stream().filter(said -> !said.contains(" INFO ")))
          .singleElement()
          .asString()
          .startsWith("vhost-device-sound: ")
          .contains(named.replace("DIR", directory.toString()))
          .doesNotContain("Exception");
      assertThat(directory).isEmptyDirectory();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "DIR/none.jar, DIR/none.jar",
    "DIR/text.jar:DIR/none.jar, DIR/none.jar",
    "DIR/none/*, DIR/none/*",
    "DIR/text.jar, no device or backend",
    "DIR, no device or backend",
  })
  void furtherJarsThatAreNoneAreNotIgnored(String path, String named) throws Exception {
    Files.writeString(directory.resolve("text.jar"), "no jar");
    Map<String, String> environment =
        Map.of("VHOST4J_PATH", path.replace("DIR", directory.toString()));
    try (Daemon daemon = Daemon.start(environment, "--version")) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.out()).isEmpty();
      assertThat(daemon.err())
          .singleElement()
          .asString()
          .startsWith("vhost-device-sound: VHOST4J_PATH")
          .contains(named.replace("DIR", directory.toString()));
    }
  }

  @Test
  void theHelpFits100Columns() throws Exception {
    try (Daemon daemon = Daemon.start("--help")) {
      assertThat(daemon.out())
          .containsSubsequence("The devices:", "The daemon:", "Print something and exit:")
          .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
    }
  }

  @Test
  void whenOneCardCannotStartTheOthersLeaveNoSocket() throws Exception {
    Path good = directory.resolve("good.sock");
    try (Daemon daemon =
        Daemon.start("--socket=" + good, "--socket=/proc/nowhere/x", "--backend=null")) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.out()).isEmpty();
      assertThat(good).doesNotExist();
    }
  }

  @Test
  void metricsAtAnAddressInUseExitWith1() throws Exception {
    try (var taken = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress());
        Daemon daemon =
            Daemon.start(
                "--socket=" + directory.resolve("s"),
                "--backend=null",
                "--metrics=" + taken.getLocalPort())) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err())
          .last()
          .asString()
          .startsWith("vhost-device-sound: ")
          .contains(String.valueOf(taken.getLocalPort()));
    }
  }

  @Test
  void aJavaThatIsMissingIsNamed() throws Exception {
    try (Daemon daemon = Daemon.start(Map.of("JAVA_HOME", "/nowhere/jdk"), "-V")) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err()).singleElement().asString().contains("/nowhere/jdk", "Java 17");
    }
  }

  @Test
  void withoutJavaInThePathTheUserIsToldWhatToInstall() throws Exception {
    // The launcher's own tools, and no more.
    for (String tool : new String[] {"dirname", "readlink", "cksum", "sed", "sh"}) {
      script(directory.resolve(tool), "exec /usr/bin/" + tool + " \"$@\"");
    }
    try (Daemon daemon =
        Daemon.start(Map.of("JAVA_HOME", "", "PATH", directory.toString()), "-V")) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err()).singleElement().asString().contains("install a Java 17 or newer");
    }
  }

  @Test
  void aJavaThatIsTooOldIsNamedWithItsVersion() throws Exception {
    Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
    script(java, "echo started anyway");
    Files.writeString(directory.resolve("jdk/release"), "JAVA_VERSION=\"11.0.29\"\n");
    try (Daemon daemon =
        Daemon.start(Map.of("JAVA_HOME", directory.resolve("jdk").toString()), "-V")) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.out()).isEmpty();
      assertThat(daemon.err()).singleElement().asString().contains("11.0.29", "Java 17");
    }
  }

  @Test
  void theLauncherWorksThroughALink() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("sound"), Daemon.launcher());
    try (Daemon daemon = Daemon.start(link, Map.of(), "-V")) {
      assertThat(daemon.out()).hasSize(2);
      assertThat(daemon.exitStatus()).isZero();
    }
    Files.delete(link);
  }

  private static void script(Path file, String line) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + line + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
