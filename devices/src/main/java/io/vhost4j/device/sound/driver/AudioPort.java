package io.vhost4j.device.sound.driver;

import java.nio.ByteBuffer;

/** Where the audio of a playback comes from, or that of a recording goes. Event loop only. */
public interface AudioPort {
  /**
   * The next buffer is about to be handed to the device.
   *
   * @param audio room for a period, from position to limit; a playback puts its audio there
   * @return bytes to play, or to be recorded, a whole number of frames up to the room; 0 when the
   *     transfer is to end with what is under way
   */
  int next(ByteBuffer audio);

  /**
   * A buffer came back, in the order they were handed out.
   *
   * @param audio what was played or recorded, from position to limit; valid during the call
   */
  void returned(ByteBuffer audio);
}
