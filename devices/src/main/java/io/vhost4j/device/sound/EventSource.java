package io.vhost4j.device.sound;

import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.device.sound.wire.EventCode;
import io.vhost4j.device.sound.wire.SoundEvent;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import java.util.BitSet;
import java.util.function.IntPredicate;

/**
 * What goes into the event queue. Events for which the driver has no buffer wait, at most one for
 * each jack and each stream: a jack's is written with the state it has by then (A57), and a
 * stream's only if it is still in its xrun. Event loop only.
 */
final class EventSource implements PostedBuffers.Source {
  private final Jacks jacks;
  private final IntPredicate inXrun;
  private final BitSet changedJacks = new BitSet();
  private final BitSet xrunStreams = new BitSet();
  private final PostedBuffers queue = new PostedBuffers(this);

  /**
   * No events so far.
   *
   * @param inXrun whether the stream of an id is in an xrun now
   */
  EventSource(Jacks jacks, IntPredicate inXrun) {
    this.jacks = jacks;
    this.inXrun = inXrun;
  }

  /** The queue that the events go into. */
  PostedBuffers queue() {
    return queue;
  }

  /** A jack was plugged or unplugged. */
  void jackChanged(int id) {
    changedJacks.set(id);
    queue.fill();
  }

  /** A stream whose driver wants to know is in an underrun or overrun. */
  void xrun(int streamId) {
    xrunStreams.set(streamId);
    queue.fill();
  }

  /** Forgets the events that wait (A43). */
  void reset() {
    changedJacks.clear();
    xrunStreams.clear();
  }

  /** A9. */
  @Override
  public boolean fits(DescriptorChain buffer) {
    return buffer.writer().size() >= SoundEvent.SIZE && buffer.reader().size() == 0;
  }

  @Override
  public int fill(ChainWriter buffer) {
    int jack = changedJacks.nextSetBit(0);
    if (jack >= 0) {
      changedJacks.clear(jack);
      boolean connected = jacks.isConnected(jack);
      return write(
          buffer, connected ? EventCode.JACK_CONNECTED : EventCode.JACK_DISCONNECTED, jack);
    }
    for (int id = xrunStreams.nextSetBit(0); id >= 0; id = xrunStreams.nextSetBit(id)) {
      xrunStreams.clear(id);
      if (inXrun.test(id)) {
        return write(buffer, EventCode.PCM_XRUN, id);
      }
    }
    return 0;
  }

  private static int write(ChainWriter buffer, EventCode code, int data) {
    buffer.writeInt(code.code());
    buffer.writeInt(data);
    return SoundEvent.SIZE;
  }
}
