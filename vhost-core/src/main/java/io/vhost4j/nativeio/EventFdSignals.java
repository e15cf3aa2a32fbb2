package io.vhost4j.nativeio;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * Signals to eventfds that cannot block, whatever the holders of the eventfd do. Any thread.
 *
 * <p>A write to an eventfd waits when the counter is full, unless O_NONBLOCK is set on the open
 * file, and whoever shares the file may clear that at any moment. The kernel's own signals never
 * wait. So we have it send one: asynchronous I/O (io_submit) adds 1 to the eventfd that a request
 * names when the request is done, and a full counter stays full. The request is a read of no bytes
 * from the eventfd itself, which is refused at once (EINVAL) and so is done at once, since Linux
 * 5.8.
 */
public final class EventFdSignals {
  private static final int EVENTS = 256;
  private static final int EVENT_SIZE = 32;
  private static final int TRIES = 100;

  // struct iocb; the operation is 0, IOCB_CMD_PREAD
  private static final int IOCB_LONGS = 8;
  private static final int FILE_OFFSET = 20;
  private static final int FLAGS_OFFSET = 56;
  private static final int RESFD_OFFSET = 60;
  private static final int IOCB_FLAG_RESFD = 1;

  private static final int POINTER_OFFSET = IOCB_LONGS * Long.BYTES;
  private static final int TIMEOUT_OFFSET = POINTER_OFFSET + Long.BYTES;

  /** Numbers of the three calls, which libc has no functions for. */
  private record Calls(int setup, int submit, int getEvents) {}

  private static final Calls CALLS =
      switch (System.getProperty("os.arch", "").toLowerCase(Locale.ROOT)) {
        case "amd64", "x86_64" -> new Calls(206, 209, 208);
        case "aarch64", "riscv64", "loongarch64" -> new Calls(0, 2, 4);
        default -> new Calls(-1, -1, -1);
      };

  /** Where the kernel puts what is done: nobody reads it, so all threads may share it. */
  private static final Memory DONE = new Memory(EVENTS * EVENT_SIZE);

  private static final long DONE_ADDRESS = Pointer.nativeValue(DONE);

  /** One per process, as they are few in a system; ends with the process. */
  private static final long CONTEXT = setUp();

  private static final boolean AVAILABLE = CONTEXT != 0 && works();

  private EventFdSignals() {}

  /**
   * Whether {@link #send} can be used here. Not on kernels without asynchronous I/O, or where it is
   * forbidden.
   */
  public static boolean available() {
    return AVAILABLE;
  }

  /**
   * Adds 1 to the counter, unless it is full. Allocates nothing.
   *
   * @return false if the kernel is short of memory, or if it is no eventfd
   */
  public static boolean send(OwnedFd eventFd) {
    return send(eventFd.number());
  }

  private static boolean send(int fd) {
    NativeScratch scratch = NativeScratch.get();
    ByteBuffer iocb = scratch.buffer;
    for (int i = 0; i < IOCB_LONGS; i++) {
      iocb.putLong(i * Long.BYTES, 0);
    }
    iocb.putInt(FILE_OFFSET, fd).putInt(FLAGS_OFFSET, IOCB_FLAG_RESFD).putInt(RESFD_OFFSET, fd);
    iocb.putLong(POINTER_OFFSET, scratch.address);
    // What is done stays in a queue until it is taken out; there is no room for more when it is
    // full. Other threads may fill it again before this one gets its turn.
    for (int i = 0; i < TRIES; i++) {
      if (submit(scratch)) {
        return true;
      }
      if (!takeDone(scratch)) {
        return false;
      }
    }
    return false;
  }

  private static boolean submit(NativeScratch scratch) {
    return LibC.syscall(CALLS.submit, CONTEXT, 1, scratch.address + POINTER_OFFSET) == 1;
  }

  private static boolean takeDone(NativeScratch scratch) {
    scratch.buffer.putLong(TIMEOUT_OFFSET, 0).putLong(TIMEOUT_OFFSET + Long.BYTES, 0);
    long timeout = scratch.address + TIMEOUT_OFFSET;
    return LibC.syscall(CALLS.getEvents, CONTEXT, 0, EVENTS, DONE_ADDRESS, timeout) >= 0;
  }

  private static long setUp() {
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putLong(0, 0);
    boolean done = CALLS.setup >= 0 && LibC.syscall(CALLS.setup, EVENTS, scratch.address, 0) == 0;
    return done ? scratch.buffer.getLong(0) : 0;
  }

  private static boolean works() {
    int fd = LibC.eventfd(0, 0);
    if (fd < 0) {
      return false;
    }
    try (OwnedFd probe = new OwnedFd(fd)) {
      return send(fd) && Descriptors.awaitReadable(probe.number(), 0);
    } catch (NativeIoException e) {
      return false;
    }
  }
}
