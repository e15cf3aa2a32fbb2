package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged daemon from READY to its end. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonLifeIT {
  @TempDir Path directory;
  private Path socket;

  @BeforeEach
  void nameSocket() {
    socket = directory.resolve("sound.sock");
  }

  private Daemon serve(String... more) throws Exception {
    return serve(Map.of(), more);
  }

  private Daemon serve(Map<String, String> environment, String... more) throws Exception {
    String[] args = new String[more.length + 2];
    args[0] = "--socket=" + socket;
    args[1] = "--backend=null";
    System.arraycopy(more, 0, args, 2, more.length);
    return Daemon.start(environment, args);
  }

  @Test
  void onceReadyItAnswersOneFrontendAfterTheOther() throws Exception {
    try (Daemon daemon = serve().awaitReady()) {
      for (int i = 0; i < 3; i++) {
        try (Frontend frontend = new Frontend(socket)) {
          assertThat(frontend.features()).isNotZero();
        }
      }
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  @ParameterizedTest(name = "SIG{0}")
  @ValueSource(strings = {"TERM", "INT", "HUP"})
  void aSignalEndsItInPeaceAndRemovesTheSocket_D5(String signal) throws Exception {
    try (Daemon daemon = serve().awaitReady();
        Frontend frontend = new Frontend(socket)) {
      frontend.features();
      daemon.signal(signal);

      assertThat(daemon.exitStatus()).isZero();
      assertThat(socket).doesNotExist();
      assertThat(daemon.out()).as("stdout after READY").isEmpty();
    }
  }

  @Test
  void aHangUpThatWasIgnoredBeforeStaysIgnored() throws Exception {
    try (Daemon daemon =
        Daemon.startBy(
                List.of("/usr/bin/env", "--ignore-signal=HUP"),
                "--socket=" + socket,
                "--backend=null")
            .awaitReady()) {
      daemon.signal("HUP");
      try (Frontend frontend = new Frontend(socket)) {
        assertThat(frontend.features()).isNotZero();
      }
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
    assertThat(socket).doesNotExist();
  }

  @Test
  void aSecondSignalChangesNothing() throws Exception {
    try (Daemon daemon = serve().awaitReady();
        Frontend frontend = new Frontend(socket)) {
      frontend.features();
      daemon.signal("INT; kill -TERM " + daemon.pid() + "; kill -HUP");

      assertThat(daemon.exitStatus()).isZero();
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void eachCardIsToldInALineBeforeReady() throws Exception {
    Path other = directory.resolve("other.sock");
    Path wav = directory.resolve("tune-%d.wav");
    try (Daemon daemon =
        serve(
            "--socket=" + other,
            "--backend=file",
            "--playback-file=" + wav,
            "--output-streams=2",
            "--output-streams=1",
            "--metrics=0")) {
      daemon.awaitReady().terminate();
      assertThat(daemon.exitStatus()).isZero();
      String line = "\\d\\d:\\d\\d:\\d\\d\\.\\d{3} INFO  ";
      assertThat(daemon.err()).hasSize(4);
      assertThat(daemon.err().get(0))
          .matches(
              line
                  + Pattern.quote(
                      "sound at %s: null, playback to nowhere, capture from silence;"
                          .formatted(socket))
                  + " 2 outputs, 1 input; .+ Hz, \\d+\\.\\.\\d+ channels");
      assertThat(daemon.err().get(1))
          .matches(
              line
                  + Pattern.quote(
                      "other at %s: file, playback to %s, capture from silence;"
                          .formatted(other, wav))
                  + " 1 output, 1 input; .+ channels");
      assertThat(daemon.err().get(2)).matches(line + "metrics at http://127.0.0.1:\\d+/metrics");
      assertThat(daemon.err().get(3)).matches(line + "ending");
    }
  }

  @Test
  void aLogThatIsOffSaysNothing() throws Exception {
    try (Daemon daemon = serve("--log-level=off").awaitReady()) {
      try (Frontend frontend = new Frontend(socket)) {
        frontend.features();
      }
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      assertThat(daemon.err()).isEmpty();
    }
  }

  @Test
  void theRightsHoldForAllSockets() throws Exception {
    Path other = directory.resolve("other.sock");
    Object group = Files.getAttribute(directory, "unix:gid");
    try (Daemon daemon =
        serve("--socket=" + other, "--socket-mode=606", "--socket-group=" + group).awaitReady()) {
      for (Path path : List.of(socket, other)) {
        assertThat((int) Files.getAttribute(path, "unix:mode") & 07777).isEqualTo(0606);
        assertThat(Files.getAttribute(path, "unix:gid")).isEqualTo(group);
      }
      try (Frontend frontend = new Frontend(socket)) {
        assertThat(frontend.features()).isNotZero();
      }
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  @Test
  void aGroupThatThisUserMayNotGiveExitsWith1AndLeavesNoSocket() throws Exception {
    boolean isRoot = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    List<String> mayNot = isRoot ? List.of("setpriv", "--bounding-set=-chown") : List.of();
    try (Daemon daemon =
        Daemon.startBy(
            mayNot,
            "--socket=" + socket,
            "--backend=null",
            "--socket-group=" + (isRoot ? 65534 : 0))) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err())
          .singleElement()
          .asString()
          .contains(socket.toString(), "Operation not permitted", "a group that this user is in");
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void aDirectoryThatThisUserMayNotWriteExitsWith1AndIsNamed() throws Exception {
    Path folder = Files.createDirectory(directory.resolve("folder"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));
    boolean isRoot = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    List<String> mayNot = isRoot ? List.of("setpriv", "--bounding-set=-dac_override") : List.of();
    try (Daemon daemon =
        Daemon.startBy(mayNot, "--socket=" + folder.resolve("socket"), "--backend=null")) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err())
          .singleElement()
          .asString()
          .contains(
              "cannot listen on %s/socket: this user may not create files in %s: choose another"
                      .formatted(folder, folder)
                  + " path, or have its owner permit it");
    }
  }

  @Test
  void aSocketLeftBehindIsReplaced() throws Exception {
    try (Daemon daemon = serve().awaitReady()) {
      daemon.signal("KILL").exitStatus();
    }
    assertThat(socket).exists();
    try (Daemon daemon = serve().awaitReady();
        Frontend frontend = new Frontend(socket)) {
      assertThat(frontend.features()).isNotZero();
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  @Test
  void aSocketInUseIsRefusedAndLeftAlone() throws Exception {
    try (Daemon first = serve().awaitReady();
        Daemon second = serve()) {
      assertThat(second.exitStatus()).isEqualTo(1);
      assertThat(second.err()).singleElement().asString().contains(socket.toString());
      try (Frontend frontend = new Frontend(socket)) {
        assertThat(frontend.features()).isNotZero();
      }
      assertThat(first.isAlive()).isTrue();
    }
  }

  @Test
  void anotherFileIsNeverReplaced() throws Exception {
    Files.writeString(socket, "dear diary");
    try (Daemon daemon = serve()) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err()).singleElement().asString().contains(socket.toString());
      assertThat(socket).hasContent("dear diary");
    }
  }

  @Test
  void twoSocketsAreTwoCardsThatServeAtOnce() throws Exception {
    Path other = directory.resolve("other.sock");
    try (Daemon daemon = serve("--socket=" + other).awaitReady();
        Frontend one = new Frontend(socket);
        Frontend two = new Frontend(other)) {
      assertThat(one.features()).isEqualTo(two.features());
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      assertThat(socket).doesNotExist();
      assertThat(other).doesNotExist();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"path", "@abstract"})
  void theServiceManagerIsTold(String kind) throws Exception {
    String address =
        kind.startsWith("@")
            ? "@vhost4j-" + UUID.randomUUID()
            : directory.resolve("notify").toString();
    try (NotifySocket manager = new NotifySocket(address);
        Daemon daemon = serve(Map.of("NOTIFY_SOCKET", address))) {
      assertThat(manager.next()).isEqualTo("READY=1");
      daemon.terminate();
      assertThat(manager.next()).isEqualTo("STOPPING=1");
      assertThat(daemon.exitStatus()).isZero();
    }
  }

  @Test
  void metricsAreServedWhereAskedFor() throws Exception {
    Metrics metrics = Metrics.anywhere();
    Path other = directory.resolve("other.sock");
    try (Daemon daemon = serve("--socket=" + other, metrics.option()).awaitReady();
        Frontend frontend = new Frontend(socket)) {
      frontend.features();
      assertThat(metrics.page())
          .contains("vhost_connected{device=\"sound\",socket=\"%s\"} 1.0".formatted(socket))
          .contains("vhost_connected{device=\"other\",socket=\"%s\"} 0.0".formatted(other))
          .contains(
              "vhost_sound_streams_running{device=\"sound\",socket=\"%s\"} 0.0".formatted(socket));
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
  }

  @Test
  void theLogGoesToStderrALineAnEvent() throws Exception {
    try (Daemon daemon = serve("--log-level=debug").awaitReady()) {
      try (Frontend frontend = new Frontend(socket)) {
        frontend.features();
      }
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      assertThat(daemon.err())
          .isNotEmpty()
          .allMatch(line -> line.matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} [A-Z]{4,5} .+"));
    }
  }

  @Test
  void aListeningDescriptorIsServedOn_D2() throws Exception {
    OwnedFd listener = UnixSocket.create();
    UnixSocket.bind(listener, socket);
    UnixSocket.listen(listener, 4);
    try (InheritingDaemon daemon = InheritingDaemon.start(listener, directory)) {
      daemon.awaitReady();
      for (int i = 0; i < 2; i++) {
        try (Frontend frontend = new Frontend(socket)) {
          assertThat(frontend.features()).isNotZero();
        }
      }
      assertThat(daemon.terminate()).isZero();
    }
    assertThat(socket).as("the socket of somebody else").exists();
  }

  @Test
  void aConnectedDescriptorIsServedToItsEnd_D2() throws Exception {
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(socket));
      OwnedFd connected = UnixSocket.create();
      UnixSocket.connect(connected, socket);
      try (SocketChannel frontend = listener.accept();
          InheritingDaemon daemon = InheritingDaemon.start(connected, directory)) {
        daemon.awaitReady();
        assertThat(Frontend.features(frontend, frontend)).isNotZero();
        frontend.shutdownOutput().shutdownInput();
        assertThat(daemon.exitStatus()).as("with its only frontend gone").isZero();
      }
    }
  }
}
