package io.vhost4j.device.sound;

import io.vhost4j.device.DeviceLog;

/** The event loop of one connection, as far as the sound device needs it. */
interface EventLoop {
  /** Makes something that is run on the loop whenever a thread asks for it. Any thread. */
  Task newTask(Runnable task);

  /**
   * Makes something that is run in the loop's next turn, when it has served all descriptors that
   * are ready: what asks for itself again and again must be this. Event loop only, and so is {@link
   * Task#request()} of it.
   */
  Task newTurn(Runnable task);

  /** Makes a timer, not armed. Event loop only. */
  Timer newTimer(Runnable task);

  /** Where streams log what a guest can cause; see {@link io.vhost4j.device.DeviceContext#log}. */
  DeviceLog log();

  /** The connection cannot go on; see {@link io.vhost4j.device.DeviceContext#fail}. Any thread. */
  void fail(String reason);

  /** Releases what the loop holds for the device; the connection is gone. Event loop only. */
  void close();

  /** See {@link io.vhost4j.device.LoopTask}. Any thread, if it is one of {@link #newTask}. */
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
