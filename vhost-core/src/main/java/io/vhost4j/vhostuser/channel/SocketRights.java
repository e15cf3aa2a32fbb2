package io.vhost4j.vhostuser.channel;

import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import org.jspecify.annotations.Nullable;

/**
 * Who may connect to a socket that is listened on: whoever may write to its file.
 *
 * @param mode permission bits, 0 to 0777; null for what the umask leaves of 0777
 * @param group owner of the file besides the user; null for the one that new files get
 */
public record SocketRights(@Nullable Integer mode, @Nullable GroupPrincipal group) {
  /** Those that the process gives to all its files. */
  public static final SocketRights USUAL = new SocketRights(null, null);

  private static final int ALL = 0777;

  /**
   * @throws IllegalArgumentException if the mode has other bits than those of permissions
   */
  public SocketRights {
    if (mode != null && (mode & ~ALL) != 0) {
      throw new IllegalArgumentException("mode 0%o: possible is 0 to 0777".formatted(mode));
    }
  }

  /**
   * Gives a socket that is bound and does not listen yet, so that nobody is connected, its rights.
   */
  void applyTo(Path socket) throws IOException {
    if (group != null) {
      try {
        Files.getFileAttributeView(socket, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
            .setGroup(group);
      } catch (FileSystemException e) {
        throw new IOException(
            "it cannot be given to the group %s: %s; name a group that this user is in"
                .formatted(group.getName(), e.getReason()),
            e);
      }
    }
    if (mode != null) {
      try {
        UnixSocket.setMode(socket, mode);
      } catch (IOException e) {
        throw new IOException(
            "it cannot be given the mode 0%o: %s".formatted(mode, e.getMessage()), e);
      }
    }
  }
}
