package io.vhost4j.device.can;

import io.vhost4j.device.DeviceContext;
import java.io.IOException;

/**
 * What a controller is on: a CAN interface of the host, or a wire to another card. All methods are
 * called on the device's event loop, and do not wait.
 */
interface CanBus {
  /** What has become of a frame. */
  enum Sent {
    /** It is on its way, and nobody will say more. */
    DONE,
    /** {@link Listener#confirmed} will say when the bus has it. */
    UNDERWAY,
    /** There is no room now: {@link Listener#ready} says when to try again. */
    FULL,
    /** It cannot be sent, now or ever. */
    REFUSED
  }

  /** The controller. Called between start and stop, but from within neither, nor from send. */
  interface Listener {
    /** A frame of another node, to be copied. */
    void received(CanFrame frame);

    /** The bus has a frame that was sent. Mostly they come in the order of sending. */
    void confirmed(CanFrame frame);

    /**
     * Fails frames that were lost on their way to the bus, as those that were sent later tell. To
     * be called every second while frames are to be confirmed.
     *
     * @return how many still are
     */
    int failLost();

    /** So many frames, received or confirmed, were lost before they could be told of. */
    void missed(int count);

    /** Nothing will be heard of what was sent before: the bus is gone for now, or dropped it. */
    void gone();

    /** The controller of the host has left the bus. */
    void busOff();

    /** To be called last, after any number of the others, and when there is room again. */
    void ready();
  }

  /** Whether it carries frames of CAN FD; the same at each call. */
  boolean takesFd();

  /**
   * Joins the bus.
   *
   * @param context the device's
   * @param confirm whether to tell when the bus has a frame, where there is a difference
   * @throws IOException if this process has no means left for it
   */
  void start(DeviceContext context, Listener listener, boolean confirm) throws IOException;

  /** Leaves the bus, if it was joined. */
  void stop();

  /** Sends a frame, which is copied. */
  Sent send(CanFrame frame);
}
