package io.vhost4j.bench.measure;

import java.util.OptionalLong;

/** A subject without a process. */
final class Nowhere implements Subject {
  @Override
  public String name() {
    return "nowhere";
  }

  @Override
  public OptionalLong pid() {
    return OptionalLong.empty();
  }

  @Override
  public RoundTrip roundTrip(int payload) {
    return () -> {};
  }

  @Override
  public Flow flow(int payload, int window, long nanos) {
    return new Flow(1, 1, 1, 1);
  }

  @Override
  public void close() {}
}
