package io.vhost4j.device.sound;

/** Calls {@link StreamEngine#service()} when it is time. One for each stream that is in use. */
abstract class StreamExecutor {
  final StreamEngine engine;

  StreamExecutor(StreamEngine engine) {
    this.engine = engine;
  }

  /** Jobs were put into the inbox. Event loop only. */
  abstract void submitted();

  /** The backend wants to be looked at. Any thread; neither blocks nor allocates. */
  abstract void wake();
}
