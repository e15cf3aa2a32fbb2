package io.vhost4j.event;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One descriptor in the epoll set of an event loop. Owns the descriptor: {@link #close()} takes it
 * out of epoll first and closes it then. Event loop only.
 *
 * <p>At most one registration per descriptor number and loop.
 */
public final class FdRegistration implements AutoCloseable {
  /** Called on the event loop, in the registration's Vert.x context. */
  @FunctionalInterface
  public interface Handler {
    /** The descriptor is ready, or its peer is gone. What is thrown goes to the context. */
    void ready();
  }

  /** Which events are delivered. */
  @SuppressWarnings("ImmutableEnumChecker") // Netty's sets of events do not change
  public enum Interest {
    /** Readable, again and again until nothing is left to read. */
    READ_LEVEL(EpollIoOps.EPOLLIN),
    /** Once for each change to readable, for instance for each signal of an eventfd. */
    READ_EDGE(EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLET)),
    /** Readable and writable, each again and again. */
    READ_WRITE_LEVEL(EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLOUT)),
    /** Once for each change to readable or writable; submitted again, once more if it is either. */
    READ_WRITE_EDGE(EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLOUT).with(EpollIoOps.EPOLLET)),
    /** Writable, again and again. */
    WRITE_LEVEL(EpollIoOps.EPOLLOUT),
    /** Nothing for now; EPOLLET alone, as Netty cannot come back from an empty set. */
    PAUSED(EpollIoOps.EPOLLET);

    private final EpollIoOps ops;

    Interest(EpollIoOps ops) {
      this.ops = ops;
    }
  }

  private final ContextInternal context;
  private final OwnedFd fd;
  private final Handler handler;
  private @Nullable IoRegistration registration;
  private boolean closed;

  private FdRegistration(ContextInternal context, OwnedFd fd, Handler handler) {
    this.context = context;
    this.fd = fd;
    this.handler = handler;
  }

  /**
   * Puts a descriptor on the event loop of {@code context}.
   *
   * @param context the context to call the handler in; its event loop is the calling thread
   * @param fd the descriptor, which belongs to the registration from now on; it is closed if the
   *     registration fails
   * @throws IOException if the kernel cannot poll this kind of file
   */
  public static FdRegistration open(Context context, OwnedFd fd, Interest interest, Handler handler)
      throws IOException {
    FdRegistration opened = new FdRegistration((ContextInternal) context, fd, handler);
    opened.register(interest);
    return opened;
  }

  private void register(Interest interest) throws IOException {
    IoEventLoop loop = (IoEventLoop) context.nettyEventLoop();
    if (!loop.inEventLoop()) {
      fd.close();
      throw new IllegalStateException("not on the event loop of the context");
    }
    // On the loop itself the future is complete when register() returns.
    Future<IoRegistration> future = loop.register(new Handle(this, fd.number()));
    if (!future.isSuccess()) {
      fd.close();
      throw new IOException("cannot watch " + fd + " on the event loop", future.cause());
    }
    registration = future.getNow();
    try {
      registration.submit(interest.ops);
    } catch (RuntimeException e) {
      close();
      throw new IOException("cannot watch a descriptor of this kind", e);
    }
  }

  /** Changes which events are delivered. */
  public void interest(Interest interest) {
    if (!closed && registration != null) {
      registration.submit(interest.ops);
    }
  }

  /** The descriptor; the registration owns it. */
  public OwnedFd fd() {
    return fd;
  }

  /** Takes the descriptor out of epoll and closes it. No call of the handler follows. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (registration != null) {
        registration.cancel();
      }
    }
  }

  private void dispatch() {
    if (closed) {
      return;
    }
    ContextInternal previous = context.beginDispatch();
    try {
      handler.ready();
    } catch (Throwable t) {
      // Escaping to Netty it would stop the loop for a second and lose the events of others.
      context.reportException(t);
    } finally {
      context.endDispatch(previous);
    }
  }

  /** What Netty sees. */
  private static final class Handle implements EpollIoHandle {
    private final FdRegistration owner;
    private final FileDescriptor descriptor;

    Handle(FdRegistration owner, int number) {
      this.owner = owner;
      this.descriptor = new FileDescriptor(number);
    }

    @Override
    public FileDescriptor fd() {
      return descriptor;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      owner.dispatch();
    }

    @Override
    public void unregistered() {
      // Only now has the descriptor left epoll: before, a copy in another process would keep it in.
      owner.fd.close();
    }

    @Override
    public void close() {
      owner.close();
    }
  }
}
