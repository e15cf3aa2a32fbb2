package io.vhost4j.nativeio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * On what file system a file lies, found out without a question to that file system, which could
 * let us wait for ever (fstatfs asks it). Any thread; control path only.
 */
public final class MountedFiles {
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
  private static final String MOUNT_ID = "mnt_id:";

  private MountedFiles() {}

  /**
   * The name of the type of the file system, for example {@code ext4} or {@code fuse.sshfs}.
   *
   * @return null if the file lies on none that is mounted where this process can see it
   */
  public static @Nullable String type(int fd) throws IOException {
    String id = mountId(fd);
    try (var lines = Files.lines(MOUNTS)) {
      return lines
          .map(line -> List.of(line.split(" ")))
          .filter(fields -> fields.get(0).equals(id))
          .map(MountedFiles::type)
          .filter(Objects::nonNull)
          .findFirst()
          .orElse(null);
    }
  }

  /** The fields are: id, five more, any number of optional ones, a dash, the type. */
  private static @Nullable String type(List<String> fields) {
    int dash = fields.indexOf("-");
    return dash < 0 || dash + 1 == fields.size() ? null : fields.get(dash + 1);
  }

  private static @Nullable String mountId(int fd) throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/fdinfo/" + fd))) {
      return lines
          .filter(line -> line.startsWith(MOUNT_ID))
          .map(line -> line.substring(MOUNT_ID.length()).trim())
          .findFirst()
          .orElse(null);
    }
  }
}
