package io.vhost4j.device.console;

import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;
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
 * a client that has ended what he writes may still read, for an answer; when there was none for a
 * while he makes room for who waits.
 */
final class ListeningEnd implements HostEnd {
  private static final Logger log = LoggerFactory.getLogger(ListeningEnd.class);
  private static final long RETRY_MILLIS = 1000;
  private static final long GRACE_MILLIS = 5000;

  private final ListeningSocket socket;
  private final long graceMillis;

  private @Nullable FdRegistration waiting;
  private @Nullable Context context;
  private Runnable changed = () -> {};
  private @Nullable ByteStream client;
  private @Nullable Long retry;

  /** The client has gone, of which the port has not been told yet. */
  private boolean leaving;

  /** The client has written all that he has to say. */
  private boolean ended;

  /** Looks now and then whether a client who has ended, or has gone unread, is to be let go. */
  private @Nullable Long looking;

  /** He was read or written since that was looked at last. */
  private boolean served;

  /** Nobody could be accepted when that was tried last; it will be tried again. */
  private boolean failing;

  ListeningEnd(ListeningSocket socket) {
    this(socket, GRACE_MILLIS);
  }

  /**
   * @param graceMillis how long a client who has said all must have had no answer to be replaced,
   *     and the guest must have read nothing of one who has gone
   */
  ListeningEnd(ListeningSocket socket, long graceMillis) {
    this.socket = socket;
    this.graceMillis = graceMillis;
  }

  @Override
  public void attach(Context loop, Runnable whenChanged) throws IOException {
    context = loop;
    changed = whenChanged;
    waiting = FdRegistration.open(loop, socket.fd(), Interest.READ_EDGE, this::somebodyWaits);
  }

  private void somebodyWaits() {
    Context loop = context;
    if (loop == null || client != null || leaving) {
      return; // until he has gone
    }
    try {
      OwnedFd next = socket.accept();
      failing = false;
      if (next == null) {
        return;
      }
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
    if (looking != null && context != null) {
      boolean unused = context.owner().cancelTimer(looking);
    }
    looking = null;
    if (former != null) {
      former.close();
    }
  }

  /** He has gone: the port is told, and the next one may be there already. */
  private void gone() {
    leave();
    Context loop = context;
    if (loop != null) {
      leaving = true;
      loop.runOnContext(
          v -> {
            leaving = false;
            if (context != null) {
              changed.run();
              somebodyWaits();
            }
          });
    }
  }

  /**
   * He has said all and may wait for an answer, or has gone and the guest may read what he said.
   */
  private void lookNowAndThen() {
    Context loop = context;
    if (loop != null && looking == null) { // not the context of a queue, with which its timers end
      served = false;
      looking = ((ContextInternal) loop).setPeriodic(graceMillis, timer -> look());
    }
  }

  private void look() {
    ByteStream present = client;
    if (present != null && !served && (!mayStillRead(present) || doesSomebodyWait())) {
      gone();
    }
    served = false;
  }

  private boolean doesSomebodyWait() {
    try {
      return Descriptors.awaitReadable(socket.fd().number(), 0);
    } catch (NativeIoException e) {
      return false;
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
      served |= count > 0;
      return count;
    }
    if (mayStillRead(present)) {
      ended = true;
      lookNowAndThen();
    } else {
      gone();
    }
    return 0;
  }

  /** What is left of a client who has gone is the guest's, if it reads at all. */
  @Override
  public void full() {
    ByteStream present = client;
    if (present != null && !mayStillRead(present)) {
      lookNowAndThen();
    }
  }

  /** Of a TCP connection whose client has said all nobody can tell whether he reads on. */
  private boolean mayStillRead(ByteStream present) {
    int number = present.fd().number();
    try {
      return !(socket.isUnix() ? Descriptors.isHungUp(number) : Descriptors.hasEnded(number));
    } catch (NativeIoException e) {
      return false;
    }
  }

  @Override
  public void write(ByteBuffer source) {
    ByteStream present = client;
    int count = present == null ? 0 : present.write(source);
    served |= count > 0;
    if (count == ByteStream.GONE) {
      gone();
    }
  }

  @Override
  public void close(ByteBuffer rest) {
    leave();
    context = null;
    socket.removeFile();
    if (waiting == null) {
      socket.close();
    } else {
      waiting.close();
    }
  }
}
