package io.vhost4j.device.can;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.LoopTask;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One end of a wire between two cards of a process, each on an event loop of its own. A frame that
 * is sent while nobody is at the other end is heard by nobody, as on a bus of Linux' {@code vcan};
 * one that is sent to somebody arrives.
 */
final class PairBus implements CanBus {
  /** Frames on their way to the other event loop. */
  private static final int CAPACITY = 256;

  /** From the other end to this one. */
  private final FrameRing incoming = new FrameRing(CAPACITY);

  private @Nullable PairBus peer;

  /** Set while somebody is here, who takes what comes. */
  private volatile @Nullable LoopTask task;

  /** Whether the other end waits for room in {@link #incoming}. */
  private volatile boolean isAwaited;

  private @Nullable Listener listener;

  private PairBus() {}

  /** Both ends of a new wire. */
  static PairBus[] create() {
    PairBus[] ends = {new PairBus(), new PairBus()};
    ends[0].peer = ends[1];
    ends[1].peer = ends[0];
    return ends;
  }

  private PairBus peer() {
    return Objects.requireNonNull(peer);
  }

  @Override
  public boolean takesFd() {
    return true;
  }

  @Override
  public void start(DeviceContext context, Listener itsListener, boolean confirm) {
    listener = itsListener;
    incoming.clear();
    task = new LoopTask(context, this::deliver);
  }

  @Override
  public void stop() {
    task = null;
    listener = null;
    wakeSender();
  }

  @Override
  public Sent send(CanFrame frame) {
    PairBus other = peer();
    LoopTask receiver = other.task;
    if (receiver == null) {
      return Sent.DONE;
    }
    if (!other.incoming.offer(frame)) {
      other.isAwaited = true;
      if (!other.incoming.offer(frame)) { // it may have made room before it could see that
        return other.task == null ? Sent.DONE : Sent.FULL;
      }
    }
    receiver.request();
    return Sent.DONE;
  }

  private void deliver() {
    Listener mine = listener;
    if (mine == null) {
      return;
    }
    CanFrame frame = incoming.peek();
    for (int i = 0; i < CAPACITY && frame != null; i++) {
      mine.received(frame);
      incoming.remove();
      frame = incoming.peek();
    }
    LoopTask present = task;
    if (frame != null && present != null) {
      present.request(); // in another turn: they may come as fast as they are taken
    }
    wakeSender();
    mine.ready();
  }

  /** There is room again, or nobody who needs some. */
  private void wakeSender() {
    if (isAwaited) {
      isAwaited = false;
      LoopTask sender = peer().task;
      if (sender != null) {
        sender.request();
      }
    }
  }
}
