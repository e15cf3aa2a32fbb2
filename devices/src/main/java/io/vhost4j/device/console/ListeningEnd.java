package io.vhost4j.device.console;

import io.vertx.core.Context;
import io.vhost4j.event.ByteStream;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.event.ListeningSocket;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A socket to which one client at a time connects; others wait until he has gone. On a Unix socket
 * a client that has ended what he writes may still read.
 */
final class ListeningEnd implements HostEnd {
  private static final Logger log = LoggerFactory.getLogger(ListeningEnd.class);
  private static final long RETRY_MILLIS = 1000;

  private final ListeningSocket socket;

  private @Nullable FdRegistration waiting;
  private @Nullable Context context;
  private Runnable changed = () -> {};
  private @Nullable ByteStream client;
  private @Nullable Long retry;

  /** The client has written all that he has to say. */
  private boolean ended;

  /** Nobody could be accepted when that was tried last; it will be tried again. */
  private boolean failing;

  ListeningEnd(ListeningSocket socket) {
    this.socket = socket;
  }

  @Override
  public void attach(Context loop, Runnable whenChanged) throws IOException {
    context = loop;
    changed = whenChanged;
    waiting = FdRegistration.open(loop, socket.fd(), Interest.READ_EDGE, this::somebodyWaits);
  }

  private void somebodyWaits() {
    Context loop = context;
    if (loop == null || (client != null && !ended)) {
      return; // until he has gone
    }
    try {
      OwnedFd next = socket.accept();
      failing = false;
      if (next == null) {
        return;
      }
      leave();
      client = ByteStream.open(loop, next, () -> changed.run());
    } catch (IOException e) { // too many open files, mostly
      if (!failing) {
        log.warn("{}: cannot accept a connection: {}", socket, e.getMessage());
        failing = true;
      }
      if (retry == null) {
        retry =
            loop.owner()
                .setTimer(
                    RETRY_MILLIS,
                    timer -> {
                      retry = null;
                      somebodyWaits();
                    });
      }
      return;
    }
    changed.run();
  }

  private void leave() {
    ByteStream former = client;
    client = null;
    ended = false;
    if (former != null) {
      former.close();
    }
  }

  /** He has gone, or half gone: the next one may be there already. */
  private void gone(boolean entirely) {
    ended = true;
    if (entirely) {
      leave();
      again();
    }
    if (waiting != null) {
      waiting.interest(Interest.READ_EDGE);
    }
  }

  @Override
  public boolean isOpen() {
    return client != null;
  }

  @Override
  public int read(ByteBuffer target) {
    ByteStream present = client;
    if (present == null) {
      return 0;
    }
    int count = ended ? ByteStream.GONE : present.read(target);
    if (count != ByteStream.GONE) {
      return count;
    }
    if (!mayStillRead(present)) {
      gone(true);
    } else if (!ended) {
      gone(false);
    }
    return 0;
  }

  /** Of a TCP connection nobody can tell whether its client reads on. */
  private boolean mayStillRead(ByteStream present) {
    try {
      return socket.isUnix() && !Descriptors.isHungUp(present.fd().number());
    } catch (NativeIoException e) {
      return false;
    }
  }

  @Override
  public void write(ByteBuffer source) {
    ByteStream present = client;
    if (present != null && present.write(source) == ByteStream.GONE) {
      gone(true);
    }
  }

  private void again() {
    Context loop = context;
    if (loop != null) {
      loop.runOnContext(v -> changed.run());
    }
  }

  @Override
  public void close(ByteBuffer rest) {
    context = null;
    leave();
    socket.removeFile();
    if (waiting == null) {
      socket.close();
    } else {
      waiting.close();
    }
  }
}
