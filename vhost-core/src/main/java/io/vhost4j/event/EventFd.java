package io.vhost4j.event;

import io.netty.channel.ChannelException;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.vertx.core.Context;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.EventFdSignal;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * An eventfd: a counter in the kernel that one side adds to and the other is woken by. Owns its
 * descriptor.
 */
public final class EventFd implements Notifier {
  private static final ThreadLocal<ByteBuffer> COUNTER = ThreadLocal.withInitial(() -> counter(0));

  private final OwnedFd fd;
  private final FileDescriptor file;

  /** Null where the kernel cannot be asked to signal. */
  private final @Nullable EventFdSignal kernelSignal;

  /** Signals in our place where the kernel cannot be asked to; null as long as none is needed. */
  private @Nullable FileThread thread;

  /** What is read from or written to an eventfd. */
  static ByteBuffer counter(long value) {
    return ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(0, value);
  }

  private EventFd(OwnedFd fd, boolean kernelSignals) {
    this.fd = fd;
    this.file = new FileDescriptor(fd.number());
    this.kernelSignal = kernelSignals ? new EventFdSignal(fd) : null;
  }

  /**
   * A new eventfd: counter 0, non-blocking, close-on-exec.
   *
   * @throws UncheckedIOException if the process may have no more descriptors
   */
  public static EventFd create() {
    return create(EventFdSignal.available());
  }

  /**
   * @param kernelSignals whether the kernel signals; a thread does otherwise
   */
  static EventFd create(boolean kernelSignals) {
    Epoll.ensureAvailability();
    try {
      return new EventFd(new OwnedFd(Native.newEventFd().intValue()), kernelSignals);
    } catch (ChannelException e) {
      String problem = "no eventfd can be had: " + e.getMessage() + NativeIoException.MORE_FILES;
      throw new UncheckedIOException(problem, new IOException(problem, e));
    }
  }

  /**
   * Takes over a descriptor that came from a peer.
   *
   * @param fd the descriptor, which belongs to the result; it is closed if it is refused
   * @throws IOException if it is no eventfd that can be signalled, or if there is no thread to be
   *     had for its signals
   */
  public static EventFd adopt(OwnedFd fd) throws IOException {
    return adopt(fd, EventFdSignal.available());
  }

  static EventFd adopt(OwnedFd fd, boolean kernelSignals) throws IOException {
    Epoll.ensureAvailability();
    try {
      if (!Descriptors.isEventFd(fd.number())) {
        throw new IOException("not an eventfd but " + Descriptors.describe(fd.number()));
      }
      if (!Descriptors.isWritable(fd.number())) {
        throw new IOException("an eventfd that is not open for writing");
      }
      EventFd adopted = new EventFd(fd, kernelSignals);
      if (!kernelSignals) {
        adopted.thread(); // now, as whoever signals can refuse nothing any more
      }
      return adopted;
    } catch (IOException e) {
      fd.close();
      throw e;
    }
  }

  /**
   * Adds 1 to the counter. One that is full stays so, as its reader has a signal pending anyway.
   */
  @Override
  public void signal() {
    if (kernelSignal != null) {
      if (!kernelSignal.send()) {
        throw new IllegalStateException(
            "cannot signal " + this + ": the kernel is short of memory");
      }
      return;
    }
    try {
      thread().signal();
    } catch (IOException e) {
      throw new IllegalStateException("cannot signal " + this + ": " + e.getMessage(), e);
    }
  }

  private synchronized FileThread thread() throws IOException {
    if (thread == null) {
      thread = FileThread.startForCopy(fd);
    }
    return thread;
  }

  /**
   * Takes the signals since the last time: reads the counter and sets it to 0. Not for an event
   * loop: a peer that takes them first can let us wait.
   *
   * @return how many there were, 0 for none
   */
  public long drain() {
    try {
      if (!Descriptors.awaitReadable(fd.number(), 0)) {
        return 0;
      }
      ByteBuffer counter = COUNTER.get();
      return file.read(counter, 0, Long.BYTES) == Long.BYTES ? counter.getLong(0) : 0;
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + fd, e);
    }
  }

  /**
   * Blocks the calling thread until there is a signal, which {@link #drain()} then takes. Not for
   * an event loop.
   *
   * @param timeoutMillis longest wait in milliseconds; negative for no limit
   * @return false if there was none in that time
   */
  public boolean await(int timeoutMillis) {
    try {
      return Descriptors.awaitReadable(fd.number(), timeoutMillis);
    } catch (IOException e) {
      throw new IllegalStateException("cannot wait for " + fd, e);
    }
  }

  /** The descriptor, which this object owns: to pass to a peer, or to block on. */
  public OwnedFd fd() {
    return fd;
  }

  /**
   * Calls {@code handler} for each signal from now on, and once at the start if one is pending. The
   * counter is not read: a call per signal, and several signals may share one.
   *
   * @param context the context of the calls; its event loop is the calling thread
   * @return the registration, which owns the descriptor from now on: close it instead of this
   */
  public FdRegistration watch(Context context, FdRegistration.Handler handler) throws IOException {
    return FdRegistration.open(context, fd, FdRegistration.Interest.READ_EDGE, handler);
  }

  @Override
  public void close() {
    synchronized (this) {
      if (thread != null) {
        thread.close();
      }
    }
    fd.close();
  }

  @Override
  public String toString() {
    return "event" + fd;
  }
}
