package io.vhost4j.bench.target;

import java.nio.file.Path;
import java.util.OptionalLong;

/** A vhost-user backend that listens, or soon will. Closing it ends what was started for it. */
public interface Target extends AutoCloseable {
  /** Its name in tables. */
  String name();

  /** Where it listens. */
  Path socket();

  /** Its process, if it has one of its own. */
  default OptionalLong pid() {
    return OptionalLong.empty();
  }

  /**
   * Says whether it is worth trying to connect again.
   *
   * @return false if it must listen already
   * @throws BenchException if it never will
   */
  default boolean isStarting() throws BenchException {
    return false;
  }

  /** Nothing is under way for a moment: what it left behind that would grow and grow can go. */
  default void rest() throws BenchException {}

  @Override
  void close();
}
