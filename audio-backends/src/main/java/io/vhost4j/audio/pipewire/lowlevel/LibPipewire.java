package io.vhost4j.audio.pipewire.lowlevel;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import org.jspecify.annotations.Nullable;

/**
 * Functions of {@code libpipewire-0.3.so.0}, by direct mapping: a call costs some hundred
 * nanoseconds and allocates nothing unless it passes a string. Pointers are {@code long}, 0 is
 * NULL.
 *
 * <p>Functions of a context, a core or a stream are called with the thread loop locked, or on its
 * thread; those marked "any thread" are not. Functions that return {@code int} return a negated
 * errno on failure, those that return a pointer return 0 and leave the errno in {@link
 * Native#getLastError()}.
 */
public final class LibPipewire {
  /** The library's name for the dynamic linker. */
  public static final String SONAME = "libpipewire-0.3.so.0";

  /** Variable that sets the library's own log level; it then writes to stderr. */
  public static final String DEBUG_VARIABLE = "PIPEWIRE_DEBUG";

  /** {@code SPA_LOG_LEVEL_NONE}. */
  public static final int LOG_LEVEL_NONE = 0;

  /** {@code PW_ID_CORE}: id of the core in error events. */
  public static final int ID_CORE = 0;

  /** {@code PW_ID_ANY}: no special target. */
  public static final int ID_ANY = -1;

  static {
    Native.register(LibPipewire.class, NativeLibrary.getInstance(SONAME));
    pw_init(0, 0);
    if (System.getenv(DEBUG_VARIABLE) == null) {
      // What goes wrong is told through slf4j, in one line and not in two.
      pw_log_set_level(LOG_LEVEL_NONE);
    }
  }

  private LibPipewire() {}

  /** {@code pipewire/pipewire.h}. */
  public static native void pw_init(long argc, long argv);

  /** {@code pipewire/pipewire.h}. Any thread. */
  public static native String pw_get_library_version();

  /** {@code pipewire/log.h}. Any thread. */
  public static native void pw_log_set_level(int level);

  /** {@code pipewire/thread-loop.h}. Any thread. */
  public static native long pw_thread_loop_new(String name, long spaDict);

  /** {@code pipewire/thread-loop.h}. Any thread. */
  public static native int pw_thread_loop_start(long loop);

  /** {@code pipewire/thread-loop.h}: waits for the loop's thread. Any thread, not locked. */
  public static native void pw_thread_loop_stop(long loop);

  /** {@code pipewire/thread-loop.h}. Any thread, stopped. */
  public static native void pw_thread_loop_destroy(long loop);

  /** {@code pipewire/thread-loop.h}. Any thread. */
  public static native long pw_thread_loop_get_loop(long loop);

  /** {@code pipewire/thread-loop.h}: a recursive mutex. Any thread. */
  public static native void pw_thread_loop_lock(long loop);

  /** {@code pipewire/thread-loop.h}. */
  public static native void pw_thread_loop_unlock(long loop);

  /** {@code pipewire/properties.h}. Any thread. */
  public static native long pw_properties_new_string(String args);

  /** {@code pipewire/properties.h}. Any thread. */
  public static native int pw_properties_set(long properties, String key, @Nullable String value);

  /** {@code pipewire/context.h}; owns the properties. */
  public static native long pw_context_new(long mainLoop, long properties, long userDataSize);

  /** {@code pipewire/context.h}. */
  public static native void pw_context_destroy(long context);

  /** {@code pipewire/core.h}; owns the properties. Does not wait for the server. */
  public static native long pw_context_connect(long context, long properties, long userDataSize);

  /** {@code pipewire/core.h}. */
  public static native int pw_core_disconnect(long core);

  /**
   * {@code pipewire/proxy.h}; for a core it is what the inline {@code pw_core_add_listener} does.
   */
  public static native void pw_proxy_add_object_listener(
      long proxy, long spaHook, long events, long data);

  /** {@code pipewire/proxy.h}: the core's event {@code done} follows with the returned number. */
  public static native int pw_proxy_sync(long proxy, int sequence);

  /** {@code pipewire/stream.h}; owns the properties. */
  public static native long pw_stream_new(long core, String name, long properties);

  /** {@code pipewire/stream.h}: no event comes after it. */
  public static native void pw_stream_destroy(long stream);

  /** {@code pipewire/stream.h}. */
  public static native void pw_stream_add_listener(
      long stream, long spaHook, long events, long data);

  /** {@code pipewire/stream.h}; copies the parameters. */
  public static native int pw_stream_connect(
      long stream, int direction, int targetId, int flags, long params, int paramCount);

  /** {@code pipewire/stream.h}: one of {@link PwStreamEvents}' states. */
  public static native int pw_stream_get_state(long stream, long error);

  /** {@code pipewire/stream.h}. */
  public static native int pw_stream_set_active(long stream, boolean active);

  /** {@code pipewire/stream.h}. Any thread. */
  public static native int pw_stream_get_time_n(long stream, long time, long size);

  /** {@code pipewire/stream.h}. In the event {@code process}. */
  public static native long pw_stream_dequeue_buffer(long stream);

  /** {@code pipewire/stream.h}. In the event {@code process}. */
  public static native int pw_stream_queue_buffer(long stream, long buffer);
}
