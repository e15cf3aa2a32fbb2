package io.vhost4j.vhostuser.channel;

import io.vhost4j.nativeio.OwnedFd;
import java.util.ArrayList;
import java.util.List;

/**
 * The descriptors that came with one message. Who wants one takes it; the channel closes what is
 * left when the message has been handled.
 */
public final class ReceivedFds {
  private final List<OwnedFd> fds;

  ReceivedFds(List<OwnedFd> fds) {
    this.fds = fds;
  }

  /** How many came, taken or not. */
  public int count() {
    return fds.size();
  }

  /**
   * Takes the descriptor at {@code index}: the caller owns it.
   *
   * @throws IllegalStateException if it has been taken or closed
   */
  public OwnedFd take(int index) {
    return fds.get(index).moved();
  }

  /** Takes all of them, in order. */
  public List<OwnedFd> takeAll() {
    List<OwnedFd> all = new ArrayList<>(fds.size());
    for (int i = 0; i < fds.size(); i++) {
      all.add(take(i));
    }
    return all;
  }

  void closeRest() {
    fds.forEach(OwnedFd::close);
  }
}
