package io.vhost4j.device.sound;

/** Calls {@link StreamEngine#service()} when it is time. One for each stream that is in use. */
interface StreamExecutor {
  /** Jobs were put into the inbox. Event loop only. */
  void submitted();

  /** The backend wants to be looked at. Any thread; neither blocks nor allocates. */
  void wake();
}
