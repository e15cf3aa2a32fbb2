package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Terminal;
import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's ports as consoles and serial ports of a user-mode Linux. */
@DriverTest(
    device = "console",
    driver = "virtio_console",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlConsoleIT {
  static final String PRELUDE =
      """
      set -e
      # until_so COMMAND...: at most a minute
      until_so() {
        n=0
        until "$@" 2>/dev/null; do
          n=$((n + 1)); if [ $n -gt 600 ]; then echo "never: $*"; exit 6; fi
          sleep 0.1
        done
      }
      # serial NAME: the port of that name, in $port
      serial() {
        for each in /sys/class/virtio-ports/*; do
          if [ "$(cat $each/name)" = $1 ]; then port=/dev/${each##*/}; return; fi
        done
        return 1
      }
      until_so [ -e /dev/hvc0 ]
      """;

  private static final int MUCH = 2_000_000;

  /** Most of what the driver of a serial port keeps in its ring. */
  private static final int MORE = 12_000_000;

  @TempDir Path directory;
  private Path share;

  @BeforeEach
  void makeShare() throws IOException {
    share = Files.createDirectory(directory.resolve("share"));
  }

  private Daemon daemon(String... line) throws IOException {
    String[] all = new String[line.length + 2];
    all[0] = "-s";
    all[1] = directory.resolve("con").toString();
    System.arraycopy(line, 0, all, 2, line.length);
    return Daemon.startDevice("console", all).awaitReady();
  }

  private LinuxGuest boot(String script) throws IOException {
    return LinuxGuest.inUserMode()
        .share(share)
        .device(directory.resolve("con0"), 3, "")
        .run(PRELUDE + script);
  }

  private SocketChannel connect(String name) throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve(name)));
  }

  private void go(String name) throws IOException {
    Files.createFile(share.resolve(name));
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static byte[] everyByte() {
    byte[] bytes = new byte[1024];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    return bytes;
  }

  /** A user with a password, and a getty on hvc0. */
  static final String LOGIN =
      """
      mkdir /tmp/etc
      cp /etc/group /tmp/etc
      mount -o bind /tmp/etc /etc
      echo "root:$(mkpasswd -m sha256 secret):0:0:root:/tmp:/bin/sh" >/etc/passwd
      hostname guest
      echo ready
      setsid getty -L 0 hvc0 vt100
      echo left
      """;

  @Test
  void aUserLogsInSeesHisWindowsSizeAndInterruptsAProgram() throws Exception {
    Path pty = directory.resolve("hvc0");
    try (Daemon daemon = daemon("--console=pty:" + pty);
        DeviceFile window = DeviceFile.open(pty)) {
      Terminal.resize(window.fd(), new Terminal.Size(101, 31));
      try (FileInputStream screen = new FileInputStream(pty.toFile());
          FileOutputStream keys = new FileOutputStream(pty.toFile());
          LinuxGuest guest = boot(LOGIN)) {
        guest.awaitLine("ready");
        Dialogue user = new Dialogue(screen, keys);
        user.await("guest login: ").type("root\r");
        user.await("Password: ").type("wrong\r");
        user.await("Login incorrect");
        user.await("guest login: ").type("root\r");
        user.await("Password: ").type("secret\r");
        user.await("# ").type("stty size; id -u\r");
        user.await("31 101\r\n0\r\n").await("# ");
        user.type(
            "sh -c 'trap \"stty size\" WINCH; echo run\"\"ning; while sleep 0.1; do :; done'\r");
        user.await("running\r\n");
        Terminal.resize(window.fd(), new Terminal.Size(132, 43));
        user.await("43 132\r\n");
        Terminal.resize(window.fd(), new Terminal.Size(80, 24));
        user.await("24 80\r\n").type("\u0003");
        user.await("# ").type("exit\r");
        guest.awaitLine("left");
        guest.awaitSuccess();
      }
      assertThat(daemon.isAlive()).isTrue();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
    assertThat(Files.isSymbolicLink(pty)).isFalse();
  }

  /** A program on a terminal of its own, whose keys and screen are pipes. */
  @Test
  void theTerminalOfTheDaemonIsTheGuests() throws Exception {
    String line =
        "exec %s/bin/vhost-device-console -s %s"
            .formatted(Daemon.DISTRIBUTION, directory.resolve("con"));
    ProcessBuilder builder = new ProcessBuilder("script", "-qfec", line, "/dev/null");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("SHELL", "/bin/sh");
    Process script = builder.start();
    try {
      Dialogue user = new Dialogue(script.getInputStream(), script.getOutputStream());
      user.await("READY");
      ProcessHandle daemon =
          script
              .descendants()
              .filter(process -> process.info().command().orElse("").endsWith("/java"))
              .findFirst()
              .orElseThrow();
      Path terminal = Files.readSymbolicLink(Path.of("/proc/" + daemon.pid() + "/fd/0"));
      try (LinuxGuest guest = boot(LOGIN + "until_so [ -e end ]");
          DeviceFile window = DeviceFile.open(terminal)) {
        guest.awaitLine("ready");
        user.await("guest login: ").type("root\r");
        user.await("Password: ").type("secret\r");
        user.await("# ");
        Terminal.resize(window.fd(), new Terminal.Size(77, 22));
        user.type("until stty size | grep '22 77'; do sleep 0.1; done\r");
        user.await("22 77\r\n").await("# ").type("sh -c 'echo run\"\"ning; sleep 1000'\r");
        user.await("running\r\n").type("\u0003");
        user.await("# ").type("exit\r");
        guest.awaitLine("left");
        user.type("\u001d\u001d\u001d");
        boolean ended = script.waitFor(60, TimeUnit.SECONDS);
        assertThat(ended).as("ended; the daemon is alive: %s", daemon.isAlive()).isTrue();
        assertThat(script.exitValue()).isZero();
        go("end");
        guest.awaitSuccess();
      }
    } finally {
      script.destroy();
    }
  }

  private static final String STREAMS =
      """
      exec 3<>/dev/hvc0 4<>/dev/hvc1 # which stay open, or a terminal would be as before
      stty raw -echo <&3
      stty raw -echo <&4
      until_so serial agent; agent=$port
      until_so serial log; log=$port
      ls /sys/class/virtio-ports >ports

      echo "every byte"
      head -c 1024 <&3 >hvc0.in
      cat every >&3
      head -c 1024 <&4 >hvc1.in
      cat every >&4

      echo "slow reader of a console"
      cat much >&3

      echo "late reader of a serial port"
      cat more >$agent & writer=$!
      sleep 1
      kill -0 $writer
      echo "it waits"
      until_so [ -e connected ]
      wait $writer

      echo "bytes of a serial port"
      exec 5<>$agent
      head -c 1024 <&5 >agent.in
      cat every >&5
      until_so [ -e left ]
      sleep 0.5
      cat much >&5 & writer=$!
      until_so [ -e returned ]
      wait $writer

      cat much >$log
      until_so [ -e logged ] # what is in the ring would go with the guest
      echo "nobody reads a console"
      echo "the last words" >&4
      echo done
      """;

  @Test
  void portsOfEachKindCarryEveryByteAtTheReadersPace() throws Exception {
    Files.write(share.resolve("every"), everyByte());
    byte[] much = random(MUCH);
    Files.write(share.resolve("much"), much);
    byte[] more = random(MORE);
    Files.write(share.resolve("more"), more);
    int tcp;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      tcp = free.getLocalPort();
    }
    Path log = directory.resolve("log");
    String consoles = "unix:" + directory.resolve("hvc0") + ",network:" + tcp;
    String serials = "agent=unix:" + directory.resolve("agent") + ",log=file:" + log;
    Metrics metrics = Metrics.anywhere();
    try (Daemon daemon = daemon("--console=" + consoles, "--serial=" + serials, metrics.option());
        SocketChannel hvc0 = connect("hvc0")) {
      try (LinuxGuest guest = boot(STREAMS)) {
        InputStream fromHvc0 = Channels.newInputStream(hvc0);
        guest.awaitLine("every byte");
        Channels.newOutputStream(hvc0).write(everyByte());
        assertThat(fromHvc0.readNBytes(1024)).isEqualTo(everyByte());
        try (Socket hvc1 = new Socket(InetAddress.getLoopbackAddress(), tcp)) {
          hvc1.getOutputStream().write(everyByte());
          assertThat(hvc1.getInputStream().readNBytes(1024)).isEqualTo(everyByte());
        }

        guest.awaitLine("slow reader of a console");
        byte[] slowly = new byte[MUCH];
        for (int at = 0; at < MUCH; at += 20_000) {
          assertThat(fromHvc0.readNBytes(slowly, at, 20_000)).isEqualTo(20_000);
          Thread.sleep(10);
        }
        assertThat(slowly).isEqualTo(much);

        guest.awaitLine("it waits");
        try (SocketChannel agent = connect("agent")) {
          go("connected");
          assertThat(Channels.newInputStream(agent).readNBytes(MORE)).isEqualTo(more);
          guest.awaitLine("bytes of a serial port");
          Channels.newOutputStream(agent).write(everyByte());
          assertThat(Channels.newInputStream(agent).readNBytes(1024)).isEqualTo(everyByte());
        }
        go("left");
        try (SocketChannel agent = connect("agent")) {
          assertThat(Channels.newInputStream(agent).readNBytes(MUCH)).isEqualTo(much);
          go("returned");
          while (Files.notExists(log) || Files.size(log) < MUCH) {
            Thread.sleep(20);
          }
          go("logged");
          guest.awaitLine("done");
        }
        guest.awaitSuccess();
      }
      // After its guest, too.
      try (Socket hvc1 = new Socket(InetAddress.getLoopbackAddress(), tcp)) {
        Dialogue unused =
            new Dialogue(hvc1.getInputStream(), hvc1.getOutputStream()).await("the last words");
      }
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
    for (String port : List.of("hvc0", "hvc1", "agent")) {
      assertThat(share.resolve(port + ".in")).hasBinaryContent(everyByte());
    }
    assertThat(log).hasBinaryContent(much);
    assertThat(share.resolve("ports")).content().contains("p0", "p1", "p2", "p3");
  }
}
