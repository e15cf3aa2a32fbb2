package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.sound.wire.EventCode;
import io.vhost4j.device.sound.wire.SoundEvent;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The event queue. Events for which the driver has no buffer wait, at most one for each jack and
 * each stream: a jack's is written with the state it has by then (A57), and a stream's only if it
 * is still in its xrun. Event loop only.
 */
final class EventQueue implements QueueHandler {
  private final Jacks jacks;
  private final IntPredicate inXrun;
  private final BitSet changedJacks = new BitSet();
  private final BitSet xrunStreams = new BitSet();

  /** Buffers of the driver that wait for an event. */
  private final ArrayDeque<DescriptorChain> buffers = new ArrayDeque<>();

  private @Nullable DeviceQueue queue;

  /**
   * A queue without events.
   *
   * @param inXrun whether the stream of an id is in an xrun now
   */
  EventQueue(Jacks jacks, IntPredicate inXrun) {
    this.jacks = jacks;
    this.inXrun = inXrun;
  }

  @Override
  public void started(DeviceQueue running) {
    queue = running;
  }

  @Override
  public void available(DeviceQueue running) throws VirtqueueException {
    for (DescriptorChain chain = running.next(); chain != null; chain = running.next()) {
      if (chain.writer().size() < SoundEvent.SIZE || chain.reader().size() > 0) {
        running.complete(chain, 0); // A9
      } else {
        buffers.add(chain);
      }
    }
    deliver();
  }

  /** A jack was plugged or unplugged. */
  void jackChanged(int id) {
    changedJacks.set(id);
    deliverAndNotify();
  }

  /** A stream whose driver wants to know is in an underrun or overrun. */
  void xrun(int streamId) {
    xrunStreams.set(streamId);
    deliverAndNotify();
  }

  /** Forgets the events that wait (A43). */
  void reset() {
    changedJacks.clear();
    xrunStreams.clear();
  }

  private void deliverAndNotify() {
    deliver();
    DeviceQueue running = queue;
    if (running != null) {
      running.flush();
    }
  }

  private void deliver() {
    int jack = changedJacks.nextSetBit(0);
    while (jack >= 0 && write(jackEvent(jack), jack)) {
      changedJacks.clear(jack);
      jack = changedJacks.nextSetBit(jack);
    }
    int stream = xrunStreams.nextSetBit(0);
    while (stream >= 0 && (!inXrun.test(stream) || write(EventCode.PCM_XRUN, stream))) {
      xrunStreams.clear(stream);
      stream = xrunStreams.nextSetBit(stream);
    }
  }

  private EventCode jackEvent(int id) {
    return jacks.isConnected(id) ? EventCode.JACK_CONNECTED : EventCode.JACK_DISCONNECTED;
  }

  private boolean write(EventCode code, int data) {
    DescriptorChain chain = buffers.poll();
    DeviceQueue running = queue;
    if (chain == null || running == null) {
      return false;
    }
    try {
      chain.writer().writeInt(code.code());
      chain.writer().writeInt(data);
      chain.deliverFaults();
    } finally { // the memory may be gone, but the ring wants its chain back
      running.complete(chain, SoundEvent.SIZE);
    }
    return true;
  }

  /** Leaves the buffers in the ring: nothing of the driver's memory is touched for nothing. */
  @Override
  public Future<Void> stop(DeviceQueue running) {
    for (DescriptorChain chain = buffers.pollLast(); chain != null; chain = buffers.pollLast()) {
      if (!running.putBack(chain)) {
        returnEmpty(running, chain);
      }
    }
    queue = null;
    return Future.succeededFuture();
  }

  /** Zeroed, as a driver may look for an event all the same and would find the one before. */
  private static void returnEmpty(DeviceQueue running, DescriptorChain chain) {
    try {
      chain.writer().writeZeros(SoundEvent.SIZE);
      chain.deliverFaults();
    } catch (InternalError e) {
      // The memory is gone, but the ring wants its chain back.
    }
    running.complete(chain, 0);
  }
}
