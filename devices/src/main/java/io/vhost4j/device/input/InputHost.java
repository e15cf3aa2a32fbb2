package io.vhost4j.device.input;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceContext;

/**
 * Where a device's events come from, and where those of its driver go. On the device's event loop,
 * but for {@link #description()}.
 */
interface InputHost {
  /** What it is; always the same. Any thread. */
  InputDescription description();

  /**
   * A driver wants events from now on: a new one after a {@link #reset()}, otherwise the one that
   * was there before the last {@link #stop()}. A new one is {@linkplain EventFrames#begin told} the
   * state first.
   *
   * @param device what to ask of the engine, until {@link #stop()}
   * @param frames takes the events, also before this returns
   */
  void start(DeviceContext device, EventFrames frames);

  /** No driver wants events now. */
  void stop();

  /**
   * The driver has switched a light or a sound.
   *
   * @param type EV_LED or EV_SND, with a code that the device has
   */
  void output(DeviceContext device, int type, int code, int value);

  /** The driver is gone, and so is what it has switched on. */
  void reset();

  /** The device ends. */
  Future<Void> close();

  /** How often the host's device has been lost, for meters. Any thread. */
  default long losses() {
    return 0;
  }
}
