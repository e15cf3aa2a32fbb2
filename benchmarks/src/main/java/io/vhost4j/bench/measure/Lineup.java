package io.vhost4j.bench.measure;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is measured in turn, so that a noisy moment of the machine hits all of it.
 *
 * @param subjects the floor that all are compared with, then what is asked about, then others
 * @param peer which of these the others are compared with too, null for none
 */
public record Lineup(List<Subject> subjects, @Nullable Subject peer) implements AutoCloseable {
  /** What the results of a subject are compared with too, null if there is no peer. */
  <T> @Nullable T ofPeer(List<T> results) {
    return peer == null ? null : results.get(subjects.indexOf(peer));
  }

  @Override
  public void close() {
    subjects.forEach(Subject::close);
  }
}
