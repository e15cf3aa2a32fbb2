package io.vhost4j.bench.target;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * However this program ends, by a signal too: no process that it started outlives it, and none of
 * its temporary directories.
 */
public final class AtExit {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final Set<Path> directories = ConcurrentHashMap.newKeySet();
  private static volatile boolean ending;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(AtExit::end, "end children"));
  }

  private AtExit() {}

  /** To be called before anything is started. */
  public static void install() {
    // what there is to do, the class has done when it was loaded
  }

  /** Whether the program is ending, and so failures are no news. */
  public static boolean isEnding() {
    return ending;
  }

  static void remove(Path directory) {
    directories.add(directory);
  }

  static void isGone(Path directory) {
    directories.remove(directory);
  }

  private static void end() {
    ending = true;
    // Again and again, as the program goes on meanwhile and may start one more.
    long start = System.nanoTime();
    List<ProcessHandle> left = ProcessHandle.current().descendants().toList();
    while (!left.isEmpty() && System.nanoTime() - start < PATIENCE_NANOS) {
      left.forEach(ProcessHandle::destroyForcibly);
      LockSupport.parkNanos(PAUSE_NANOS);
      left = ProcessHandle.current().descendants().toList();
    }
    directories.forEach(TemporaryDirectory::delete);
  }
}
