package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The packaged daemon with a descriptor of this process (D2), which {@link ProcessBuilder} cannot
 * give away.
 */
final class InheritingDaemon implements AutoCloseable {
  private interface Posix extends Library {
    int posix_spawn_file_actions_init(Pointer actions);

    int posix_spawn_file_actions_adddup2(Pointer actions, int fd, int newFd);

    int posix_spawn_file_actions_addclosefrom_np(Pointer actions, int from);

    int posix_spawn_file_actions_destroy(Pointer actions);

    int posix_spawn(
        IntByReference pid,
        String path,
        Pointer actions,
        @Nullable Pointer attributes,
        String[] argv,
        String[] envp);

    int waitpid(int pid, IntByReference status, int options);

    int kill(int pid, int signal);
  }

  private static final Posix POSIX = Native.load("c", Posix.class);

  /** Where the daemon finds its socket; the first that service managers use. */
  private static final int FD = 3;

  /** More than glibc's {@code posix_spawn_file_actions_t} on any machine. */
  private static final int FILE_ACTIONS_BYTES = 256;

  private static final int WNOHANG = 1;
  private static final int SIGKILL = 9;
  private static final int SIGTERM = 15;

  private final int pid;
  private final Path out;
  private final Path err;
  private boolean ended;

  private InheritingDaemon(int pid, Path out, Path err) {
    this.pid = pid;
    this.out = out;
    this.err = err;
  }

  /**
   * @param socket given to the daemon; closed in this process
   * @param directory where what it prints goes
   */
  static InheritingDaemon start(OwnedFd socket, Path directory) throws IOException {
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    String command =
        "exec %s --fd %d --backend null >%s 2>%s".formatted(Daemon.launcher(), FD, out, err);
    IntByReference pid = new IntByReference();
    Memory actions = new Memory(FILE_ACTIONS_BYTES);
    POSIX.posix_spawn_file_actions_init(actions);
    POSIX.posix_spawn_file_actions_adddup2(actions, socket.number(), FD);
    POSIX.posix_spawn_file_actions_addclosefrom_np(actions, FD + 1);
    int status =
        POSIX.posix_spawn(
            pid,
            "/bin/sh",
            actions,
            null,
            new String[] {"sh", "-c", command},
            new String[] {"PATH=/usr/bin:/bin", "JAVA_HOME=" + System.getProperty("java.home")});
    POSIX.posix_spawn_file_actions_destroy(actions);
    socket.close();
    assertThat(status).isZero();
    return new InheritingDaemon(pid.getValue(), out, err);
  }

  void awaitReady() throws IOException, InterruptedException {
    while (!Files.exists(out) || Files.size(out) == 0) {
      assertThat(Files.exists(err) ? Files.readString(err) : "").doesNotContain("vhost-device");
      Thread.sleep(10);
    }
    assertThat(out).hasContent("READY\n");
  }

  /** Ends the daemon by SIGTERM; its exit status. */
  int terminate() {
    POSIX.kill(pid, SIGTERM);
    return exitStatus();
  }

  /** Waits for the end; -1 if it was a signal. */
  int exitStatus() {
    IntByReference status = new IntByReference();
    while (POSIX.waitpid(pid, status, WNOHANG) == 0) {
      LockSupport.parkNanos(10_000_000);
    }
    ended = true;
    return (status.getValue() & 0x7f) == 0 ? status.getValue() >> 8 & 0xff : -1;
  }

  @Override
  public void close() {
    if (!ended) {
      POSIX.kill(pid, SIGKILL);
      exitStatus();
    }
  }
}
