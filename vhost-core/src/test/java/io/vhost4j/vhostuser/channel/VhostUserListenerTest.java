package io.vhost4j.vhostuser.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.event.OnLoop;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VhostUserListenerTest {
  private final OnLoop loop = new OnLoop();
  private final LinkedBlockingQueue<OwnedFd> accepted = new LinkedBlockingQueue<>();
  @TempDir Path directory;

  @AfterEach
  void close() {
    loop.close();
    accepted.forEach(OwnedFd::close);
  }

  private VhostUserListener listen(Path path) throws Exception {
    return loop.call(() -> VhostUserListener.listen(loop.context, path, accepted::add));
  }

  private OwnedFd nextConnection() throws Exception {
    OwnedFd fd = accepted.poll(10, TimeUnit.SECONDS);
    if (fd == null) {
      throw new AssertionError("no connection");
    }
    return fd;
  }

  @Test
  void aMessageGoesFromAConnectingChannelToTheAcceptedOne() throws Exception {
    Path path = directory.resolve("socket");
    VhostUserListener listener = listen(path);
    Recorder client = new Recorder();
    Recorder server = new Recorder();

    VhostUserChannel one = loop.call(() -> VhostUserChannel.connect(loop.context, path, client));
    OwnedFd connection = nextConnection();
    loop.run(() -> VhostUserChannel.open(loop.context, connection, server));
    loop.run(() -> one.send(MessageHeader.request(3, false, 0), Payload.EMPTY));

    assertThat(server.next().header().request()).isEqualTo(3);
    loop.run(listener::close);
    assertThat(path).doesNotExist();
  }

  @Test
  void theSocketHasTheRightsAskedForWhateverTheUmask() throws Exception {
    Path path = directory.resolve("socket");
    for (int mode : new int[] {0, 0600, 0660, 0777}) {
      SocketRights rights = new SocketRights(mode, null);
      VhostUserListener listener =
          loop.call(() -> VhostUserListener.listen(loop.context, path, rights, accepted::add));

      assertThat((int) Files.getAttribute(path, "unix:mode") & 07777).isEqualTo(mode);
      loop.run(listener::close);
      assertThat(path).doesNotExist();
    }
  }

  @Test
  void theSocketHasTheGroupAskedFor() throws Exception {
    Path path = directory.resolve("socket");
    // One that this user is in: nobody may give files to others.
    GroupPrincipal group = (GroupPrincipal) Files.getAttribute(directory, "posix:group");
    SocketRights rights = new SocketRights(0660, group);
    VhostUserListener listener =
        loop.call(() -> VhostUserListener.listen(loop.context, path, rights, accepted::add));

    assertThat(Files.getAttribute(path, "posix:group")).isEqualTo(group);
    assertThat((int) Files.getAttribute(path, "unix:mode") & 07777).isEqualTo(0660);
    loop.run(listener::close);
  }

  @Test
  void aSocketThatCannotHaveItsRightsIsNotLeftBehind() throws Exception {
    Path path = directory.resolve("socket");
    GroupPrincipal ofAnotherFileSystem = () -> "sound";
    SocketRights rights = new SocketRights(0660, ofAnotherFileSystem);
    loop.run(
        () ->
            assertThatThrownBy(
                    () -> VhostUserListener.listen(loop.context, path, rights, accepted::add))
                .isInstanceOf(ProviderMismatchException.class));
    assertThat(path).doesNotExist();
  }

  @Test
  void whoConnectsWhileThePausedListenerServesAnotherIsAcceptedAfterwards() throws Exception {
    Path path = directory.resolve("socket");
    VhostUserListener listener = listen(path);
    AtomicInteger told = new AtomicInteger();
    loop.run(listener::pause);
    loop.run(() -> listener.tellOfWaiting(told::incrementAndGet));
    loop.settle();
    assertThat(told).hasValue(0);
    try (OwnedFd client = UnixSocket.create();
        OwnedFd other = UnixSocket.create()) {
      for (OwnedFd each : List.of(client, other)) {
        UnixSocket.connect(each, path);
        loop.settle();
        assertThat(accepted).isEmpty();
        assertThat(told).as("told of the first").hasValue(1);
      }

      loop.run(listener::resume);
      nextConnection().close();
      nextConnection().close();
    }
    loop.run(listener::close);
  }

  @Test
  void aSocketThatNobodyListensOnIsReplaced() throws Exception {
    Path path = directory.resolve("socket");
    try (OwnedFd dead = UnixSocket.create()) {
      UnixSocket.bind(dead, path);
      UnixSocket.listen(dead, 1);
    }
    assertThat(path).exists();

    VhostUserListener listener = listen(path);

    try (OwnedFd client = UnixSocket.create()) {
      UnixSocket.connect(client, path);
      nextConnection().close();
    }
    loop.run(listener::close);
  }

  @Test
  void aSocketThatAnotherListensOnIsLeftAlone() throws Exception {
    Path path = directory.resolve("socket");
    try (OwnedFd other = UnixSocket.create()) {
      UnixSocket.bind(other, path);
      UnixSocket.listen(other, 1);

      loop.run(
          () ->
              assertThatThrownBy(() -> VhostUserListener.listen(loop.context, path, accepted::add))
                  .isInstanceOf(IOException.class)
                  .hasMessageContaining(path.toString())
                  .hasMessageContaining("address in use"));

      assertThat(path).exists();
      try (OwnedFd client = UnixSocket.create()) {
        UnixSocket.connect(client, path);
      }
    }
  }

  @Test
  void aSocketWhoseListenerHasNoRoomLeftIsLeftAlone() throws Exception {
    Path path = directory.resolve("socket");
    try (OwnedFd other = UnixSocket.create();
        OwnedFd waiting = UnixSocket.create()) {
      UnixSocket.bind(other, path);
      UnixSocket.listen(other, 0);
      UnixSocket.connect(waiting, path);

      loop.run(
          () ->
              assertThatThrownBy(() -> VhostUserListener.listen(loop.context, path, accepted::add))
                  .hasMessageContaining("address in use"));

      assertThat(path).exists();
    }
  }

  @Test
  void aFileThatIsNoSocketIsLeftAlone() throws Exception {
    Path path = Files.writeString(directory.resolve("precious"), "data");

    loop.run(
        () ->
            assertThatThrownBy(() -> VhostUserListener.listen(loop.context, path, accepted::add))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a socket"));

    assertThat(path).hasContent("data");
  }

  /** What the exception says, which is all that a user sees. */
  private String refusalOf(Path path) throws Exception {
    return loop.call(
        () -> {
          try {
            VhostUserListener.listen(loop.context, path, accepted::add).close();
            throw new AssertionError("it listens on " + path);
          } catch (IOException e) {
            return String.valueOf(e.getMessage());
          }
        });
  }

  @Test
  void whatToDoIsSaidOfPathsThatCannotBeHad() throws Exception {
    Path missing = directory.resolve("missing");
    assertThat(refusalOf(missing.resolve("socket")))
        .isEqualTo(
            "cannot listen on %s/socket: the directory %s does not exist: create it, or choose"
                + " another path",
            missing, missing);

    Path file = Files.writeString(directory.resolve("file"), "data");
    assertThat(refusalOf(file.resolve("socket")))
        .isEqualTo(
            "cannot listen on %s/socket: %s is not a directory: choose another path", file, file);

    Path folder = Files.createDirectory(directory.resolve("folder"));
    assertThat(refusalOf(folder))
        .isEqualTo(
            "cannot listen on %s: it is a directory: choose a path inside, such as %s/vhost.sock",
            folder, folder);

    Path taken = directory.resolve("taken");
    VhostUserListener listener = listen(taken);
    assertThat(refusalOf(taken))
        .isEqualTo(
            "cannot listen on %s: address in use, another process listens there: end it, or choose"
                + " another path",
            taken);
    loop.run(listener::close);

    Path relative = Path.of("no-such-directory", "socket");
    assertThat(refusalOf(relative))
        .contains("the directory " + relative.toAbsolutePath().getParent() + " does not exist");
  }

  @Test
  void aLinkInTheSocketsPlaceIsNotFollowed() throws Exception {
    Path other = Files.createFile(directory.resolve("other"));
    Files.setPosixFilePermissions(other, PosixFilePermissions.fromString("rw-------"));
    Path link = Files.createSymbolicLink(directory.resolve("socket"), other);
    assertThatThrownBy(() -> UnixSocket.setMode(link, 0666)).isInstanceOf(IOException.class);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(other)))
        .isEqualTo("rw-------");
  }

  @Test
  void aPathThatIsTooLongIsReportedAsSuch() throws Exception {
    Path path = directory.resolve("x".repeat(120));
    loop.run(
        () ->
            assertThatThrownBy(() -> VhostUserListener.listen(loop.context, path, accepted::add))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot listen on " + path)
                .hasMessageContaining("more than 107")
                .hasMessageContaining("choose a shorter one"));
  }

  @Test
  void atItsEndAListenerRemovesItsOwnFileOnly() throws Exception {
    Path path = directory.resolve("socket");
    VhostUserListener first = listen(path);
    Files.move(path, directory.resolve("moved"));
    VhostUserListener second = listen(path);

    loop.run(first::close);
    assertThat(path).exists();

    loop.run(second::close);
    assertThat(path).doesNotExist();
  }

  @Test
  void d2_anInheritedListeningSocketIsToldFromAConnectedOne() throws Exception {
    Path path = directory.resolve("socket");
    OwnedFd inherited = UnixSocket.create();
    UnixSocket.bind(inherited, path);
    UnixSocket.listen(inherited, 1);
    assertThat(UnixSocket.isListening(inherited)).isTrue();

    VhostUserListener listener =
        loop.call(() -> VhostUserListener.adopt(loop.context, inherited, accepted::add));
    try (OwnedFd client = UnixSocket.create()) {
      UnixSocket.connect(client, path);
      nextConnection().close();
    }
    loop.run(listener::close);
    assertThat(path).as("not ours to remove").exists();

    OwnedFd[] pair = UnixSocket.pair();
    assertThat(UnixSocket.isListening(pair[0])).isFalse();
    loop.run(
        () ->
            assertThatThrownBy(() -> VhostUserListener.adopt(loop.context, pair[0], accepted::add))
                .isInstanceOf(IOException.class));
    assertThat(pair[0].isOpen()).isFalse();
    pair[1].close();
  }

  @Test
  void connectingToNobodyNamesThePath() throws Exception {
    Path path = directory.resolve("nobody");
    loop.run(
        () ->
            assertThatThrownBy(() -> VhostUserChannel.connect(loop.context, path, new Recorder()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining("No such file"));
  }
}
