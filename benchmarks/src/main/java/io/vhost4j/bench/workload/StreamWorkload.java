package io.vhost4j.bench.workload;

/** A device with streams, each of which sends a buffer of the usual payload in a period. */
public interface StreamWorkload extends Workload {
  /**
   * Arguments for our daemon, for a device with several streams.
   *
   * @param paced whether it plays as fast as real hardware; else it takes buffers as they come
   */
  String streamArguments(int streams, boolean paced);

  /** The same with this many streams. */
  StreamWorkload withStreams(int streams);

  /** What a stream sends one buffer in. */
  long periodNanos();
}
