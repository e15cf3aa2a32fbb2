package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Calls on terminals and pseudo-terminals. Any thread. */
public final class Terminal {
  private static final int O_RDWR = 2;
  private static final int O_NOCTTY = 0x100;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x80000;

  private static final int TCGETS = 0x5401;
  private static final int TCSETS = 0x5402;
  private static final int TIOCGPGRP = 0x540f;
  private static final int TIOCGWINSZ = 0x5413;
  private static final int TIOCSWINSZ = 0x5414;
  private static final long TIOCGPTN = 0x8004_5430L;
  private static final long TIOCSPTLCK = 0x4004_5431L;

  // struct termios { u32 iflag, oflag, cflag, lflag; u8 line; u8 cc[19]; }
  private static final int TERMIOS_BYTES = 36;
  private static final int OFLAG = 4;
  private static final int CFLAG = 8;
  private static final int LFLAG = 12;
  private static final int CC_VTIME = 22;
  private static final int CC_VMIN = 23;

  // IGNBRK, BRKINT, PARMRK, ISTRIP, INLCR, IGNCR, ICRNL and IXON
  private static final int COOKED_INPUT = 0x5eb;
  private static final int OPOST = 1;
  // ISIG, ICANON, ECHO, ECHONL and IEXTEN
  private static final int COOKED_LOCAL = 0x804b;
  // CSIZE and PARENB
  private static final int NOT_8_BITS = 0x130;
  private static final int CS8 = 0x30;

  private Terminal() {}

  /**
   * The size of a terminal's window, in characters.
   *
   * @param columns 0 to 65535
   * @param rows 0 to 65535
   */
  public record Size(int columns, int rows) {}

  /** Whether the descriptor is a terminal. */
  public static boolean isTerminal(OwnedFd fd) {
    try {
      control(fd, TCGETS, NativeScratch.get().address);
      return true;
    } catch (NativeIoException e) {
      return false;
    }
  }

  /**
   * Whether it is this process's own terminal and other programs run on it now, as after {@code &}
   * in a shell: the kernel stops a process in the background that reads or sets it.
   */
  public static boolean isInBackground(OwnedFd fd) {
    NativeScratch scratch = NativeScratch.get();
    try {
      control(fd, TIOCGPGRP, scratch.address);
    } catch (NativeIoException e) {
      return false; // it is no terminal, or not that of this process
    }
    return scratch.buffer.getInt(0) != LibC.getpgrp();
  }

  /**
   * Has every byte pass as it is, both ways: no echo, no lines, no signals.
   *
   * @return the settings before that, for {@link #restore}
   */
  public static byte[] makeRaw(OwnedFd fd) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    control(fd, TCGETS, scratch.address);
    byte[] before = new byte[TERMIOS_BYTES];
    scratch.buffer.get(0, before);
    clear(scratch, 0, COOKED_INPUT);
    clear(scratch, OFLAG, OPOST);
    clear(scratch, CFLAG, NOT_8_BITS);
    scratch.buffer.putInt(CFLAG, scratch.buffer.getInt(CFLAG) | CS8);
    clear(scratch, LFLAG, COOKED_LOCAL);
    scratch.buffer.put(CC_VTIME, (byte) 0).put(CC_VMIN, (byte) 1);
    control(fd, TCSETS, scratch.address);
    return before;
  }

  private static void clear(NativeScratch scratch, int flags, int bits) {
    scratch.buffer.putInt(flags, scratch.buffer.getInt(flags) & ~bits);
  }

  /** Puts back what {@link #makeRaw} has changed. */
  public static void restore(OwnedFd fd, byte[] settings) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.put(0, settings);
    control(fd, TCSETS, scratch.address);
  }

  /** The size of the window, or null if nobody has said it, or this is no terminal. */
  public static @Nullable Size size(OwnedFd fd) {
    NativeScratch scratch = NativeScratch.get();
    try {
      control(fd, TIOCGWINSZ, scratch.address);
    } catch (NativeIoException e) {
      return null;
    }
    int rows = Short.toUnsignedInt(scratch.buffer.getShort(0));
    int columns = Short.toUnsignedInt(scratch.buffer.getShort(2));
    return rows == 0 || columns == 0 ? null : new Size(columns, rows);
  }

  /** Sets the size of the window, of which the programs on the terminal are told by SIGWINCH. */
  public static void resize(OwnedFd fd, Size size) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putShort(0, (short) size.rows()).putShort(2, (short) size.columns());
    scratch.buffer.putInt(4, 0);
    control(fd, TIOCSWINSZ, scratch.address);
  }

  /** The master of a new pseudo-terminal, which does not block. */
  public static OwnedFd openMaster() throws NativeIoException {
    OwnedFd master;
    try {
      master = new OwnedFd(LibC.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    } catch (LastErrorException e) {
      throw new NativeIoException("open", e);
    }
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putInt(0, 0);
    try {
      control(master, TIOCSPTLCK, scratch.address);
    } catch (NativeIoException e) {
      master.close();
      throw e;
    }
    return master;
  }

  /** The path of the terminal that belongs to a master. */
  public static Path slaveOf(OwnedFd master) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    control(master, TIOCGPTN, scratch.address);
    return Path.of("/dev/pts/" + scratch.buffer.getInt(0));
  }

  private static void control(OwnedFd fd, long request, long argument) throws NativeIoException {
    try {
      int unused = LibC.ioctl(fd.number(), request, argument);
    } catch (LastErrorException e) {
      throw new NativeIoException("ioctl", e);
    }
  }
}
