package io.vhost4j.nativeio;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.lang.ref.Reference;
import java.util.Locale;

/**
 * Signals to an eventfd that cannot block, whatever its other holders do. Any thread.
 *
 * <p>A write to an eventfd waits when the counter is full, unless O_NONBLOCK is set on the open
 * file, and whoever shares the file may clear that at any moment. The kernel's own signals never
 * wait. So we have it send one: asynchronous I/O (io_submit) adds 1 to the eventfd that a request
 * names when the request is done, and a full counter stays full. The request is a read of no bytes
 * from the eventfd itself, which is refused at once (EINVAL) and so is done at once, since Linux
 * 5.8.
 */
public final class EventFdSignal {
  private static final int EVENTS = 256;
  private static final int EVENT_SIZE = 32;
  private static final int TRIES = 100;

  // struct iocb; the operation is 0, IOCB_CMD_PREAD
  private static final int IOCB_BYTES = 64;
  private static final int FILE_OFFSET = 20;
  private static final int FLAGS_OFFSET = 56;
  private static final int RESFD_OFFSET = 60;
  private static final int IOCB_FLAG_RESFD = 1;

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

  /** No time to wait, a {@code struct timespec}. */
  private static final Memory AT_ONCE = zeros(2 * Long.BYTES);

  private static final long AT_ONCE_ADDRESS = Pointer.nativeValue(AT_ONCE);

  /** One per process, as they are few in a system; ends with the process. */
  private static final long CONTEXT = setUp();

  private static final boolean AVAILABLE = CONTEXT != 0 && works();

  private final OwnedFd fd;

  /** The request, which the kernel only reads, behind it a pointer to it. */
  private final Memory request;

  private final long pointerAddress;

  /**
   * @param fd the eventfd, which stays the caller's
   */
  public EventFdSignal(OwnedFd fd) {
    this.fd = fd;
    int number = fd.number();
    request = zeros(IOCB_BYTES + Long.BYTES);
    request.setInt(FILE_OFFSET, number);
    request.setInt(FLAGS_OFFSET, IOCB_FLAG_RESFD);
    request.setInt(RESFD_OFFSET, number);
    long address = Pointer.nativeValue(request);
    request.setLong(IOCB_BYTES, address);
    pointerAddress = address + IOCB_BYTES;
  }

  private static Memory zeros(int bytes) {
    Memory memory = new Memory(bytes);
    memory.clear();
    return memory;
  }

  /**
   * Whether signals can be sent here. Not on kernels without asynchronous I/O, or where it is
   * forbidden.
   */
  public static boolean available() {
    return AVAILABLE;
  }

  /**
   * Adds 1 to the counter, unless it is full. Allocates nothing.
   *
   * @return false if the kernel is short of memory, or if it is no eventfd
   * @throws IllegalStateException if the eventfd has been closed
   */
  public boolean send() {
    int unused = fd.number(); // its number may be another file's by now
    try {
      // What is done stays in a queue until it is taken out; there is no room for more when it is
      // full. Other threads may fill it again before this one gets its turn.
      for (int i = 0; i < TRIES; i++) {
        if (LibC.syscall(CALLS.submit, CONTEXT, 1, pointerAddress) == 1) {
          return true;
        }
        if (!takeDone()) {
          return false;
        }
      }
      return false;
    } finally {
      Reference.reachabilityFence(request);
    }
  }

  private static boolean takeDone() {
    return LibC.syscall(CALLS.getEvents, CONTEXT, 0, EVENTS, DONE_ADDRESS, AT_ONCE_ADDRESS) >= 0;
  }

  private static long setUp() {
    Memory context = zeros(Long.BYTES);
    boolean done =
        CALLS.setup >= 0 && LibC.syscall(CALLS.setup, EVENTS, Pointer.nativeValue(context), 0) == 0;
    return done ? context.getLong(0) : 0;
  }

  private static boolean works() {
    int number = LibC.eventfd(0, 0);
    if (number < 0) {
      return false;
    }
    try (OwnedFd probe = new OwnedFd(number)) {
      return new EventFdSignal(probe).send() && Descriptors.awaitReadable(number, 0);
    } catch (NativeIoException e) {
      return false;
    }
  }
}
