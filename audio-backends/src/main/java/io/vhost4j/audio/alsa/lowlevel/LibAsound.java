package io.vhost4j.audio.alsa.lowlevel;

import com.sun.jna.Callback;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of {@code alsa/pcm.h}, {@code alsa/conf.h} and {@code alsa/error.h} that vhost4j uses,
 * name by name; 64-bit only. {@link #load(String)} comes before all else.
 *
 * <p>A {@code snd_pcm_t *} and every pointer on the way of the samples is a {@code long}, because
 * calls with nothing but primitives allocate nothing. Functions return a negative errno on failure.
 */
public final class LibAsound {
  /** The library's name, by its ABI. */
  public static final String SONAME = "libasound.so.2";

  public static final int SND_PCM_STREAM_PLAYBACK = 0;
  public static final int SND_PCM_STREAM_CAPTURE = 1;
  public static final int SND_PCM_NONBLOCK = 1;
  public static final int SND_PCM_ACCESS_RW_INTERLEAVED = 3;

  public static final int SND_PCM_STATE_XRUN = 4;
  public static final int SND_PCM_STATE_SUSPENDED = 7;
  public static final int SND_PCM_STATE_DISCONNECTED = 8;

  public static final int SND_CHMAP_TYPE_FIXED = 1;
  public static final int SND_CHMAP_POSITION_MASK = 0xffff;

  private static final Logger LOG = LoggerFactory.getLogger(LibAsound.class);

  /** Kept from the garbage collector, since only native code refers to it. */
  private static final ErrorHandler TO_LOG = LibAsound::log;

  private static final Pattern CONVERSION = Pattern.compile("%");
  private static final Pattern SIMPLE_CONVERSION = Pattern.compile("%[-+ #0-9.]*[lhz]*[diuxXcsp]");

  private static boolean loaded;

  private LibAsound() {}

  /**
   * Binds the native methods, once per process, and turns what libasound writes to standard error
   * into log lines of level debug.
   *
   * @param library {@link #SONAME}
   * @throws UnsatisfiedLinkError if there is no such library
   */
  public static synchronized void load(String library) {
    NativeLibrary asound = NativeLibrary.getInstance(library);
    if (!loaded) {
      Native.register(LibAsound.class, asound);
      snd_lib_error_set_handler(TO_LOG);
      loaded = true;
    }
  }

  /**
   * {@code snd_lib_error_handler_t}. Its varargs come where other arguments would, so the first few
   * have names here; those that the format does not ask for are rubbish.
   */
  public interface ErrorHandler extends Callback {
    void invoke(
        String file,
        int line,
        String function,
        int err,
        String format,
        long arg0,
        long arg1,
        long arg2,
        long arg3,
        long arg4,
        long arg5);
  }

  private static void log(
      String file,
      int line,
      String function,
      int err,
      String format,
      long arg0,
      long arg1,
      long arg2,
      long arg3,
      long arg4,
      long arg5) {
    if (LOG.isDebugEnabled()) {
      LOG.debug(
          "libasound: {}{} ({}:{} {})",
          format(format, arg0, arg1, arg2, arg3, arg4, arg5).strip(),
          err == 0 ? "" : ": " + snd_strerror(err),
          file,
          line,
          function);
    }
  }

  /** What C's printf makes of it, or the format itself if that asks for more than integers. */
  private static String format(String format, long... args) {
    long conversions = CONVERSION.matcher(format.replace("%%", "")).results().count();
    boolean simple = SIMPLE_CONVERSION.matcher(format).results().count() == conversions;
    if (!simple || conversions > args.length) {
      return format;
    }
    try (Memory text = new Memory(1024)) {
      Object[] parameters = new Object[3 + args.length];
      parameters[0] = text;
      parameters[1] = text.size();
      parameters[2] = format;
      for (int i = 0; i < args.length; i++) {
        parameters[3 + i] = args[i];
      }
      NativeLibrary.getInstance("c").getFunction("snprintf").invokeInt(parameters);
      return text.getString(0);
    }
  }

  public static native int snd_lib_error_set_handler(ErrorHandler handler);

  public static native String snd_strerror(int errnum);

  /** Reads the configuration if that was not done; {@code snd_config_unref} gives it back. */
  public static native int snd_config_update_ref(PointerByReference top);

  public static native void snd_config_unref(Pointer top);

  public static native int snd_config_search(
      Pointer config, String key, @Nullable PointerByReference result);

  public static native int snd_pcm_open(LongByReference pcm, String name, int stream, int mode);

  public static native int snd_pcm_close(long pcm);

  public static native int snd_pcm_prepare(long pcm);

  public static native int snd_pcm_start(long pcm);

  public static native int snd_pcm_drop(long pcm);

  public static native int snd_pcm_state(long pcm);

  public static native long snd_pcm_avail(long pcm);

  public static native int snd_pcm_delay(long pcm, long delayp);

  public static native long snd_pcm_writei(long pcm, long buffer, long size);

  public static native long snd_pcm_readi(long pcm, long buffer, long size);

  public static native int snd_pcm_hw_params(long pcm, Pointer params);

  public static native long snd_pcm_hw_params_sizeof();

  public static native int snd_pcm_hw_params_any(long pcm, Pointer params);

  public static native int snd_pcm_hw_params_set_access(long pcm, Pointer params, int access);

  public static native int snd_pcm_hw_params_test_format(long pcm, Pointer params, int format);

  public static native int snd_pcm_hw_params_set_format(long pcm, Pointer params, int format);

  public static native int snd_pcm_hw_params_test_rate(long pcm, Pointer params, int rate, int dir);

  public static native int snd_pcm_hw_params_set_rate(long pcm, Pointer params, int rate, int dir);

  public static native int snd_pcm_hw_params_get_channels_min(Pointer params, IntByReference val);

  public static native int snd_pcm_hw_params_get_channels_max(Pointer params, IntByReference val);

  public static native void snd_pcm_hw_params_copy(Pointer target, Pointer source);

  public static native int snd_pcm_hw_params_test_channels(long pcm, Pointer params, int val);

  public static native int snd_pcm_hw_params_set_channels(long pcm, Pointer params, int val);

  public static native int snd_pcm_hw_params_set_period_size_near(
      long pcm, Pointer params, LongByReference frames, @Nullable IntByReference dir);

  public static native int snd_pcm_hw_params_set_buffer_size_min(
      long pcm, Pointer params, LongByReference frames);

  public static native int snd_pcm_hw_params_set_buffer_size_near(
      long pcm, Pointer params, LongByReference frames);

  public static native int snd_pcm_get_params(
      long pcm, LongByReference bufferSize, LongByReference periodSize);

  public static native @Nullable Pointer snd_pcm_query_chmaps(long pcm);

  public static native void snd_pcm_free_chmaps(Pointer maps);

  public static native int snd_pcm_sw_params(long pcm, Pointer params);

  public static native long snd_pcm_sw_params_sizeof();

  public static native int snd_pcm_sw_params_current(long pcm, Pointer params);

  public static native int snd_pcm_sw_params_get_boundary(Pointer params, LongByReference val);

  public static native int snd_pcm_sw_params_set_avail_min(long pcm, Pointer params, long val);

  public static native int snd_pcm_sw_params_set_start_threshold(
      long pcm, Pointer params, long val);

  public static native int snd_pcm_sw_params_set_stop_threshold(long pcm, Pointer params, long val);

  public static native int snd_pcm_sw_params_set_silence_size(long pcm, Pointer params, long val);

  /** {@code snd_pcm_hw_params_alloca}, freed by the garbage collector or by hand. */
  public static Memory newHwParams() {
    return cleared(snd_pcm_hw_params_sizeof());
  }

  /** {@code snd_pcm_sw_params_alloca}, freed by the garbage collector or by hand. */
  public static Memory newSwParams() {
    return cleared(snd_pcm_sw_params_sizeof());
  }

  private static Memory cleared(long size) {
    Memory memory = new Memory(size);
    memory.clear();
    return memory;
  }
}
