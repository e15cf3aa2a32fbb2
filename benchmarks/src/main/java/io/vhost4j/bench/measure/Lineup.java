package io.vhost4j.bench.measure;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is measured in turn, so that a noisy moment of the machine hits all of it.
 *
 * @param floor what all are compared with
 * @param target what is asked about
 * @param peer what the target is compared with too, null for nothing
 * @param polling the target with a thread that polls before it sleeps, null for none
 */
public record Lineup(
    Subject floor, Subject target, @Nullable Subject peer, @Nullable Subject polling)
    implements AutoCloseable {
  /** All, the floor first. */
  public List<Subject> subjects() {
    List<Subject> all = new ArrayList<>(List.of(floor, target));
    if (peer != null) {
      all.add(peer);
    }
    if (polling != null) {
      all.add(polling);
    }
    return all;
  }

  @Override
  public void close() {
    subjects().forEach(Subject::close);
  }
}
