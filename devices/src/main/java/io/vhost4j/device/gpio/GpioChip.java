package io.vhost4j.device.gpio;

import io.vhost4j.device.DeviceContext;
import java.io.IOException;
import java.util.List;

/**
 * A chip with lines, of the host or a simulated one. A line that nobody has {@linkplain #configure
 * configured} is not the guest's.
 *
 * <p>Calls are made one at a time, by a thread if they {@linkplain #mayBlock may block} and on the
 * event loop otherwise. The other methods are of the event loop.
 */
interface GpioChip {
  /** What a line is for. */
  enum Use {
    /** Nothing: it belongs to the host. */
    RELEASED,
    /** Its level is sensed. */
    INPUT,
    /** The same, and edges of one kind or of both are told. */
    INPUT_RISING,
    INPUT_FALLING,
    INPUT_BOTH,
    /** It is driven. */
    OUTPUT_LOW,
    OUTPUT_HIGH;

    boolean isOutput() {
      return this == OUTPUT_LOW || this == OUTPUT_HIGH;
    }

    /** Whether such an edge is told. */
    boolean tells(boolean rising) {
      return this == INPUT_BOTH || this == (rising ? INPUT_RISING : INPUT_FALLING);
    }
  }

  /** Hears of what happens at the lines, on the event loop. */
  interface Listener {
    /** The level of an input has changed, of which that was to be told. */
    void edge(int line, boolean rising);

    /** The chip is gone: it is to be {@linkplain #look looked} for until it is back. */
    void away();

    /** The chip is back: levels may have changed unseen. */
    void back();
  }

  /** The name of each line; empty for one without. Any thread. */
  List<String> names();

  /** Whether calls may keep who makes them waiting. */
  boolean mayBlock();

  // Calls

  /**
   * Says what a line is for.
   *
   * @throws IOException if the host does not let us; the message names the line
   */
  void configure(int line, Use use) throws IOException;

  /** The level of a line: that which an output drives, or which is sensed. */
  boolean isHigh(int line) throws IOException;

  /**
   * Looks whether a chip that was taken away is back.
   *
   * @throws IOException if it is not
   */
  default void look() throws IOException {}

  /** Closes what there is; nothing is called after that. */
  void close();

  // The event loop's

  /** A frontend has connected: edges are told to {@code listener} from now on. */
  void connected(DeviceContext context, Listener listener);

  /** A line is about to be released or closed: its edges are told no more. */
  default void releasing(int line) {}

  /** A call has ended. */
  default void called() {}
}
