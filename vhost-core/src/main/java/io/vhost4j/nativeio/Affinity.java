package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.BitSet;

/** Which processors a thread may run on. */
public final class Affinity {
  /** Room for 8192 processors, more than any kernel is built for. */
  private static final int MASK_BYTES = 1024;

  private static final int THIS_THREAD = 0;

  private Affinity() {}

  /**
   * The processors that the calling thread may run on, by number.
   *
   * @throws NativeIoException if the kernel does not say
   */
  public static BitSet allowed() throws NativeIoException {
    try (Memory mask = new Memory(MASK_BYTES)) {
      mask.clear();
      int unused = LibC.sched_getaffinity(THIS_THREAD, MASK_BYTES, Pointer.nativeValue(mask));
      return BitSet.valueOf(mask.getByteArray(0, MASK_BYTES));
    } catch (LastErrorException e) {
      throw new NativeIoException("sched_getaffinity", e);
    }
  }

  /**
   * Has the calling thread run on one processor alone from now on.
   *
   * @throws NativeIoException if it is none of those that it may run on
   */
  public static void pin(int processor) throws NativeIoException {
    try (Memory mask = new Memory(MASK_BYTES)) {
      mask.clear();
      // Words are little-endian on the processors that there are Netty's natives for.
      mask.setByte(processor / Byte.SIZE, (byte) (1 << processor % Byte.SIZE));
      int unused = LibC.sched_setaffinity(THIS_THREAD, MASK_BYTES, Pointer.nativeValue(mask));
    } catch (LastErrorException e) {
      throw new NativeIoException("sched_setaffinity", e);
    }
  }
}
