package io.vhost4j.nativeio;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file descriptor with one owner, who closes it. Closing twice does nothing, so that a number
 * that meanwhile belongs to another file is never closed; any thread may close.
 *
 * <p>There is no safety net behind it: what nobody closes stays open.
 */
public final class OwnedFd implements AutoCloseable {
  private static final int GONE = -1;

  private final AtomicInteger number;
  private final boolean fromPeer;

  /**
   * Takes ownership of an open descriptor.
   *
   * @param number the descriptor, 0 or above
   */
  public OwnedFd(int number) {
    this(number, false);
  }

  private OwnedFd(int number, boolean fromPeer) {
    if (number < 0) {
      throw new IllegalArgumentException("not a descriptor: " + number);
    }
    this.number = new AtomicInteger(number);
    this.fromPeer = fromPeer;
  }

  /**
   * Takes ownership of a descriptor whose open file a peer chose: closing it blocks nobody, see
   * {@link PeerFiles}.
   */
  public static OwnedFd ofPeer(int number) {
    return new OwnedFd(number, true);
  }

  /**
   * The descriptor, still owned by this object.
   *
   * @throws IllegalStateException if it has been closed or released
   */
  public int number() {
    int current = number.get();
    if (current == GONE) {
      throw new IllegalStateException("descriptor is closed");
    }
    return current;
  }

  /** Whether the descriptor is still owned by this object. */
  public boolean isOpen() {
    return number.get() != GONE;
  }

  /**
   * Gives the descriptor away: the caller has to close it.
   *
   * @throws IllegalStateException if it has been closed or released
   */
  public int release() {
    int current = number.getAndSet(GONE);
    if (current == GONE) {
      throw new IllegalStateException("descriptor is closed");
    }
    return current;
  }

  /** A new descriptor of the same open file. */
  public OwnedFd duplicate() throws NativeIoException {
    return new OwnedFd(Descriptors.duplicate(number()), fromPeer);
  }

  /** The same descriptor with another owner; this one has nothing left. */
  public OwnedFd moved() {
    return new OwnedFd(release(), fromPeer);
  }

  /** A new descriptor of the same open file as one that stays the caller's. */
  public static OwnedFd duplicateOf(int number) throws NativeIoException {
    return new OwnedFd(Descriptors.duplicate(number));
  }

  /** Closes the descriptor unless that has been done. */
  @Override
  public void close() {
    int current = number.getAndSet(GONE);
    if (current != GONE && fromPeer) {
      PeerFiles.close(current);
    } else if (current != GONE) {
      Descriptors.close(current);
    }
  }

  @Override
  public String toString() {
    int current = number.get();
    return current == GONE ? "fd closed" : "fd " + current;
  }
}
