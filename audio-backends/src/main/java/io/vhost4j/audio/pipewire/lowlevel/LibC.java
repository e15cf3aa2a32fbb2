package io.vhost4j.audio.pipewire.lowlevel;

import com.sun.jna.Callback;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/** Plain memory at absolute addresses, without an object per access. */
public final class LibC {
  /** The base of all addresses. */
  private static final Pointer ZERO = new Pointer(0);

  static {
    Native.register(LibC.class, NativeLibrary.getProcess());
  }

  private LibC() {}

  /** {@code string.h}. */
  public static native long memcpy(long destination, long source, long bytes);

  /** {@code string.h}. */
  public static native long memset(long destination, int value, long bytes);

  /** {@code string.h}. */
  public static native String strerror(int errno);

  private static native long memmove(Callback destination, Callback source, long bytes);

  /**
   * The address of a function that calls back into Java without boxing its arguments. JNA makes
   * these only for callbacks that are arguments of a directly mapped function, so one that returns
   * its argument is called to move nothing. The caller keeps a reference to the callback for as
   * long as native code knows the address.
   */
  public static long functionPointer(Callback callback) {
    return memmove(callback, callback, 0);
  }

  /** The 32-bit number at an address. */
  public static int getInt(long address) {
    return ZERO.getInt(address);
  }

  /** The 64-bit number or pointer at an address. */
  public static long getLong(long address) {
    return ZERO.getLong(address);
  }

  /** Stores a 32-bit number. */
  public static void setInt(long address, int value) {
    ZERO.setInt(address, value);
  }

  /** Stores a 64-bit number or pointer. */
  public static void setLong(long address, long value) {
    ZERO.setLong(address, value);
  }

  /** The string that ends with a 0 byte at an address; empty for NULL. */
  public static String getString(long address) {
    return address == 0 ? "" : ZERO.getString(address, "UTF-8");
  }
}
