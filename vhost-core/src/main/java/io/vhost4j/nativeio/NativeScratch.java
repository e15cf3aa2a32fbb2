package io.vhost4j.nativeio;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A small piece of native memory per thread for the arguments of one call. */
final class NativeScratch {
  private static final int SIZE = 256;
  private static final ThreadLocal<NativeScratch> SCRATCH =
      ThreadLocal.withInitial(NativeScratch::new);

  private final Memory memory = new Memory(SIZE);
  final ByteBuffer buffer = memory.getByteBuffer(0, SIZE).order(ByteOrder.nativeOrder());
  final long address = Pointer.nativeValue(memory);

  private NativeScratch() {}

  static NativeScratch get() {
    return SCRATCH.get();
  }
}
