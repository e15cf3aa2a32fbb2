package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** Files opened for reading only, directories among them. */
public final class ReadOnlyFile {
  private static final int O_CLOEXEC = 0x80000;
  private static final int O_PATH = 0x200000;

  static {
    Native.register(ReadOnlyFile.class, NativeLibrary.getInstance(null));
  }

  private ReadOnlyFile() {}

  private static native int open(String path, int flags) throws LastErrorException;

  /** Opens whatever is at {@code path}. */
  public static OwnedFd open(String path) throws NativeIoException {
    return opened(path, O_CLOEXEC);
  }

  /** Opens the path alone, of what is at {@code path}. */
  public static OwnedFd openPath(String path) throws NativeIoException {
    return opened(path, O_CLOEXEC | O_PATH);
  }

  private static OwnedFd opened(String path, int flags) throws NativeIoException {
    try {
      return new OwnedFd(open(path, flags));
    } catch (LastErrorException e) {
      throw new NativeIoException("open", e);
    }
  }
}
