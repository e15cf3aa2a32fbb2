package io.vhost4j.audio.alsa;

import static io.vhost4j.audio.alsa.lowlevel.LibAsound.*;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;

/**
 * An open {@code snd_pcm_t}, non-blocking. One thread at a time.
 *
 * <p>What is called for every buffer returns what libasound does, frames or a negative errno, and
 * allocates nothing; the rest throws with a message that names the device.
 */
final class AlsaPcm implements AutoCloseable {
  /** Try again: the ring has no room or no data. */
  static final int EAGAIN = -11;

  private static final int EPERM = -1;
  private static final int EACCES = -13;
  private static final int EINVAL = -22;
  private static final int EBUSY = -16;
  private static final int ENODEV = -19;
  private static final int EPIPE = -32;
  private static final int ESTRPIPE = -86;

  /**
   * Most bytes in a ring, for plug-ins that would take any size a guest asks for. What does not fit
   * waits in the guest's memory. Linux guests stay below 9 MiB with 18 channels of 192 kHz.
   */
  private static final int MAX_RING_BYTES = 16 << 20;

  private static final long MIN_POLL_NANOS = 250_000;

  /** Longest way from a device's ring to the air; Bluetooth takes some tenths. */
  private static final long MAX_DELAY_SECONDS = 5;

  private final long handle;
  private final String device;
  private final Direction direction;
  private final Memory delay = new Memory(Long.BYTES);
  private final long delayAddress = Pointer.nativeValue(delay);

  private int frameBytes = 1;
  private int hertz = 1;
  private int ringFrames;
  private int periodFrames;
  private boolean closed;

  /** Takes over an open PCM. */
  AlsaPcm(long handle, String device, Direction direction) {
    this.handle = handle;
    this.device = device;
    this.direction = direction;
  }

  /** Opens a device by its name in ALSA. */
  static AlsaPcm open(String device, Direction direction) throws AudioException {
    long handle = tryOpen(device, direction);
    if (handle < 0) {
      throw refused(device, direction, handle);
    }
    return new AlsaPcm(handle, device, direction);
  }

  /** Opens a device: a {@code snd_pcm_t *}, or a negative errno. */
  static long tryOpen(String device, Direction direction) {
    LongByReference pcm = new LongByReference();
    int stream = direction == Direction.OUTPUT ? SND_PCM_STREAM_PLAYBACK : SND_PCM_STREAM_CAPTURE;
    int result = snd_pcm_open(pcm, device, stream, SND_PCM_NONBLOCK);
    return result < 0 ? result : pcm.getValue();
  }

  /** The exception for a device that could not be opened. */
  static AudioException refused(String device, Direction direction, long error) {
    return new AudioException(
        describe(device, direction)
            + " cannot be opened: "
            + snd_strerror((int) error)
            + (error == EBUSY
                ? "; end the program that uses it"
                : "; '" + lister(direction) + " -L' lists those there are")
            + ", or name another with --"
            + AlsaBackendProvider.optionOf(direction));
  }

  /** What to tell of a device that could not be opened yet. */
  static String absent(String device, Direction direction, long error) {
    return describe(device, direction)
        + (error == EBUSY
            ? " is in use: its streams fail until it is free; end the program that uses it"
            : " is not there ("
                + snd_strerror((int) error)
                + "): its streams fail until it is; plug it in")
        + ", or name another with --"
        + AlsaBackendProvider.optionOf(direction);
  }

  /**
   * Whether a device that could not be opened may be there later: one in use or unplugged, or a
   * sound server that does not run. A name that ALSA's configuration does not know, one with wrong
   * arguments and a device that this user may not open are for the user to mend.
   */
  static boolean mayComeBack(String device, long error) {
    return error != EINVAL && error != EACCES && error != EPERM && isDefined(device);
  }

  /** Whether ALSA's configuration has something of this name, whatever its arguments. */
  private static boolean isDefined(String device) {
    int colon = device.indexOf(':');
    String key = colon < 0 ? device : device.substring(0, colon);
    PointerByReference top = new PointerByReference();
    if (key.isEmpty() || snd_config_update_ref(top) < 0) {
      return false;
    }
    try {
      return snd_config_search(top.getValue(), key.contains(".") ? key : "pcm." + key, null) >= 0;
    } finally {
      snd_config_unref(top.getValue());
    }
  }

  private static String lister(Direction direction) {
    return direction == Direction.OUTPUT ? "aplay" : "arecord";
  }

  /** A device for messages: its direction and its name. */
  static String describe(String device, Direction direction) {
    return "ALSA "
        + (direction == Direction.OUTPUT ? "playback" : "capture")
        + " device '"
        + device
        + "'";
  }

  /**
   * Sets the guest's parameters and prepares the device. It starts when {@link #start()} says so
   * and stops with an xrun when its ring runs empty, or full for capture.
   */
  void configure(PcmParameters parameters) throws AudioException {
    frameBytes = parameters.frameBytes();
    hertz = parameters.rate().hertz();
    try (Memory hw = anyInterleaved();
        Memory sw = newSwParams()) {
      check(
          "do " + parameters.format(),
          snd_pcm_hw_params_set_format(handle, hw, AlsaFormat.of(parameters.format())));
      check(
          "do " + parameters.channels() + " channels of " + parameters.format(),
          snd_pcm_hw_params_set_channels(handle, hw, parameters.channels()));
      check(
          "do "
              + parameters.rate().hertz()
              + " Hz with "
              + parameters.channels()
              + " channels of "
              + parameters.format(),
          snd_pcm_hw_params_set_rate(handle, hw, parameters.rate().hertz(), 0));
      setSizes(hw, parameters);
      check("take the parameters", snd_pcm_hw_params(handle, hw));
      LongByReference buffer = new LongByReference();
      LongByReference period = new LongByReference();
      check("tell its buffer size", snd_pcm_get_params(handle, buffer, period));
      ringFrames = Math.toIntExact(buffer.getValue());
      periodFrames = Math.toIntExact(period.getValue());
      setThresholds(sw, periodFrames);
      check("be prepared", prepare());
    }
  }

  /**
   * The guest's period, and a ring that holds the guest's (A33) where the device has one so big.
   */
  private void setSizes(Memory hw, PcmParameters parameters) throws AudioException {
    int periodBytes = Math.min(parameters.periodBytes(), MAX_RING_BYTES / 2);
    LongByReference period = new LongByReference(Math.max(1, periodBytes / frameBytes));
    check("set a period", snd_pcm_hw_params_set_period_size_near(handle, hw, period, null));
    long wanted = Math.min(parameters.bufferBytes(), MAX_RING_BYTES) / frameBytes;
    LongByReference buffer = new LongByReference(Math.max(1, wanted));
    // Fails where the device's largest ring is smaller; the nearest size is then the largest.
    int ignored =
        snd_pcm_hw_params_set_buffer_size_min(handle, hw, new LongByReference(buffer.getValue()));
    check("set a buffer", snd_pcm_hw_params_set_buffer_size_near(handle, hw, buffer));
  }

  private void setThresholds(Memory sw, long periodFrames) throws AudioException {
    check("tell its software parameters", snd_pcm_sw_params_current(handle, sw));
    LongByReference boundary = new LongByReference();
    check("tell its boundary", snd_pcm_sw_params_get_boundary(sw, boundary));
    check("set a wake-up", snd_pcm_sw_params_set_avail_min(handle, sw, periodFrames));
    // Never reached: the guest's START starts. Not the boundary, which the rate plug-in multiplies.
    check("set a start", snd_pcm_sw_params_set_start_threshold(handle, sw, 2L * ringFrames));
    check("set a stop", snd_pcm_sw_params_set_stop_threshold(handle, sw, ringFrames));
    // Played frames become silence, so that what follows the guest's last frame is not old sound.
    check("set silence", snd_pcm_sw_params_set_silence_size(handle, sw, boundary.getValue()));
    check("take the software parameters", snd_pcm_sw_params(handle, sw));
  }

  /** All configurations of the device whose samples are interleaved. */
  Memory anyInterleaved() throws AudioException {
    Memory hw = newHwParams();
    check("tell what it can do", snd_pcm_hw_params_any(handle, hw));
    check(
        "do interleaved samples",
        snd_pcm_hw_params_set_access(handle, hw, SND_PCM_ACCESS_RW_INTERLEAVED));
    return hw;
  }

  /** The {@code snd_pcm_t *}. */
  long handle() {
    return handle;
  }

  @Override
  public String toString() {
    return describe(device, direction);
  }

  /** Frames in the device's ring. */
  int ringFrames() {
    return ringFrames;
  }

  /** Frames in the device's period. */
  int periodFrames() {
    return periodFrames;
  }

  /**
   * Frames that can be written or read now, asked of the hardware; may exceed the ring. The state
   * comes first, because devices in user space go on to have room after they are gone.
   */
  long avail() {
    return switch (snd_pcm_state(handle)) {
      case SND_PCM_STATE_XRUN -> EPIPE;
      case SND_PCM_STATE_SUSPENDED -> ESTRPIPE;
      case SND_PCM_STATE_DISCONNECTED -> ENODEV;
      default -> snd_pcm_avail(handle);
    };
  }

  /**
   * Frames between the next one written, or read, and the air; 0 if the device cannot tell. A
   * device that says more than its ring and some seconds is not believed.
   */
  long delay() {
    if (snd_pcm_delay(handle, delayAddress) < 0) {
      return 0;
    }
    return Math.max(0, Math.min(delay.getLong(0), ringFrames + MAX_DELAY_SECONDS * hertz));
  }

  /**
   * When to look again for so many frames to be played or captured. Never at once: hardware moves
   * on in steps of up to a millisecond, and asking all the time does not make it faster.
   */
  long nanosToPoll(long frames) {
    return Math.max(MIN_POLL_NANOS, nanosOf(frames));
  }

  /** How long so many frames last, in ns, rounded up. */
  long nanosOf(long frames) {
    return (frames * 1_000_000_000L + hertz - 1) / hertz;
  }

  long write(long address, int frames) {
    return snd_pcm_writei(handle, address, frames);
  }

  long read(long address, int frames) {
    return snd_pcm_readi(handle, address, frames);
  }

  int start() {
    return snd_pcm_start(handle);
  }

  int drop() {
    return snd_pcm_drop(handle);
  }

  int prepare() {
    return snd_pcm_prepare(handle);
  }

  /**
   * Whether the device has stopped for want of data or room, or because the host slept: {@link
   * #prepare()} brings it back.
   */
  static boolean isXrun(long result) {
    return result == EPIPE || result == ESTRPIPE;
  }

  /** The exception for a device that failed in mid-stream. */
  AudioException lost(long error) {
    return new AudioException(
        this
            + (error == ENODEV ? " was unplugged, plug it in again: " : " failed: ")
            + snd_strerror((int) error));
  }

  void check(String what, int result) throws AudioException {
    if (result < 0) {
      throw new AudioException(this + " cannot " + what + ": " + snd_strerror(result));
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      snd_pcm_close(handle);
      delay.close();
    }
  }
}
