package io.vhost4j.device.sound;

/** The event loop of one connection, as far as the sound device needs it. */
interface EventLoop {
  /** Makes something that is run on the loop whenever a thread asks for it. Any thread. */
  Task newTask(Runnable task);

  /** Makes a timer, not armed. Event loop only. */
  Timer newTimer(Runnable task);

  /** The connection cannot go on; see {@link io.vhost4j.device.DeviceContext#fail}. Any thread. */
  void fail(String reason);

  /** Releases what the loop holds for the device; the connection is gone. Event loop only. */
  void close();

  /** See {@link io.vhost4j.device.LoopTask}. Any thread. */
  @FunctionalInterface
  interface Task {
    /** Has the task run once, after what the loop does now. Allocates nothing. */
    void request();
  }

  /** Runs its task once, some time after it was armed. Event loop only. */
  interface Timer {
    /**
     * Sets the time, whether it was armed or not.
     *
     * @param nanos from now, above 0
     */
    void arm(long nanos);

    void disarm();
  }
}
