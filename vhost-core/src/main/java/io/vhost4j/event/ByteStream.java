package io.vhost4j.event;

import io.netty.channel.unix.FileDescriptor;
import io.vertx.core.Context;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A descriptor whose bytes are read and written on an event loop as far as they go: a socket, a
 * pipe, a terminal. It never waits, and it says when there may be more to do, so that whoever reads
 * no faster than he can pass on keeps the other end waiting, and the other way round. Owns the
 * descriptor. Event loop only; allocates nothing while all goes well.
 */
public final class ByteStream implements AutoCloseable {
  /** What {@link #read} and {@link #write} return when the other end is gone. */
  public static final int GONE = -1;

  private final FdRegistration registration;
  private final FileDescriptor file;
  private boolean mayRead = true;
  private boolean mayWrite = true;

  private ByteStream(Context context, OwnedFd fd, Runnable ready) throws IOException {
    this.file = new FileDescriptor(fd.number());
    this.registration =
        FdRegistration.open(
            context,
            fd,
            Interest.READ_WRITE_EDGE,
            () -> {
              mayRead = true;
              mayWrite = true;
              ready.run();
            });
  }

  /**
   * Reads and writes a descriptor.
   *
   * @param context the context to call {@code ready} in; its event loop is the calling thread
   * @param fd does not block; it belongs to the stream from now on, and is closed on failure
   * @param ready called when there may be more to read, or room to write, than before; never within
   *     another method of the stream
   * @throws IOException if the kernel cannot poll this kind of file
   */
  public static ByteStream open(Context context, OwnedFd fd, Runnable ready) throws IOException {
    return new ByteStream(context, fd, ready);
  }

  /** The descriptor; the stream owns it. */
  public OwnedFd fd() {
    return registration.fd();
  }

  /**
   * Reads what is there into a direct buffer, from its position on, up to its limit.
   *
   * @return bytes read; 0 if there are none now, or no room for any; {@link #GONE} if none will
   *     come, or not from who is there now
   */
  public int read(ByteBuffer target) {
    if (!mayRead || !target.hasRemaining()) {
      return 0;
    }
    try {
      int count = file.read(target, target.position(), target.limit());
      if (count > 0) {
        target.position(target.position() + count);
      } else {
        mayRead = false;
      }
      return count; // which is -1 at the end
    } catch (IOException e) {
      mayRead = false;
      return GONE;
    }
  }

  /**
   * Writes from a direct buffer, from its position on, as much as there is room for.
   *
   * @return bytes written; {@link #GONE} if nobody takes any
   */
  public int write(ByteBuffer source) {
    if (!mayWrite || !source.hasRemaining()) {
      return 0;
    }
    try {
      int count = file.write(source, source.position(), source.limit());
      source.position(source.position() + count);
      if (source.hasRemaining()) {
        mayWrite = false;
      }
      return count;
    } catch (IOException e) {
      mayWrite = false;
      return GONE;
    }
  }

  /** Has {@code ready} called in the next turn of the loop, if there is anything to do then. */
  public void again() {
    registration.interest(Interest.READ_WRITE_EDGE);
  }

  /** Closes the descriptor. */
  @Override
  public void close() {
    registration.close();
  }
}
