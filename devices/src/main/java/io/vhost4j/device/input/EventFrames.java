package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.EV_ABS;
import static io.vhost4j.device.input.Codes.EV_KEY;
import static io.vhost4j.device.input.Codes.EV_MSC;
import static io.vhost4j.device.input.Codes.EV_REL;
import static io.vhost4j.device.input.Codes.EV_SW;
import static io.vhost4j.device.input.Codes.EV_SYN;
import static io.vhost4j.device.input.Codes.KEY_PRESSED;
import static io.vhost4j.device.input.Codes.KEY_REPEATED;
import static io.vhost4j.device.input.Codes.SYN_MT_REPORT;
import static io.vhost4j.device.input.Codes.SYN_REPORT;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.LoopTask;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import org.jspecify.annotations.Nullable;

/**
 * Events on their way to the driver. They are kept by frames, each of them whole and ended by
 * SYN_REPORT, and go out one by one in their order, however few buffers there are at a time (N4,
 * N5). When the driver does not keep up, whole frames are dropped. So that no key sticks, it is
 * told of the difference as soon as there is room again: the state at that time, in a frame of its
 * own (N6). The same way it learns of a host device that was lost for a while.
 *
 * <p>Event loop only; allocates nothing per event.
 */
final class EventFrames implements PostedBuffers.Source {
  /** Length of an event for the driver: le16 type, le16 code, le32 value. */
  static final int EVENT_SIZE = 8;

  /** Seconds of a busy device, and more than a guest that boots misses of a keyboard. */
  private static final int CAPACITY = 4096;

  private final InputDescription device;
  private final PostedBuffers queue = new PostedBuffers(this);

  /* A ring of events that wait for buffers: whole frames alone. */
  private final int[] keys;
  private final int[] values;
  private int first;
  private int count;

  /* The frame that is not complete yet. */
  private final int[] frameKeys;
  private final int[] frameValues;
  private int frameLength;
  private boolean frameTooLong;

  /** What the host's device is like. */
  private final InputState now;

  /** What the driver believes, once it has had all events that wait. */
  private final InputState told;

  /** Whether these differ. */
  private boolean behind;

  /** There has been a driver. */
  private boolean hasBegun;

  private final InputState.Sink difference = this::putDifference;

  private @Nullable LoopTask delivery;

  /* For meters, which read now and then. */
  private long sent;
  private long dropped;

  /** Events of a device like that. */
  EventFrames(InputDescription device) {
    this.device = device;
    int longest = InputState.mostDifferences(device.slots()) + 1;
    int capacity = Math.max(CAPACITY, 2 * longest);
    keys = new int[capacity];
    values = new int[capacity];
    frameKeys = new int[longest];
    frameValues = new int[longest];
    now = new InputState(device.slots());
    told = new InputState(device.slots());
  }

  /** The queue that the events go into. */
  PostedBuffers queue() {
    return queue;
  }

  /** There is a frontend. */
  void connected(DeviceContext context) {
    delivery = new LoopTask(context, queue::fill);
  }

  /** Events that drivers have been given. */
  long sent() {
    return sent;
  }

  /** Frames that drivers did not get, those included that the host has lost. */
  long dropped() {
    return dropped;
  }

  // From the host

  /**
   * Something has happened: a frame is complete with SYN_REPORT. Types and codes that the device
   * does not have are left out, and so are repetitions if the driver is told to make its own.
   */
  void event(int type, int code, int value) {
    if (type == EV_SYN && code == SYN_REPORT) {
      endFrame(value);
    } else if (type == EV_SYN ? code == SYN_MT_REPORT : isForDriver(type, code, value)) {
      add(type, code, value);
    }
  }

  private boolean isForDriver(int type, int code, int value) {
    return switch (type) {
      case EV_REL, EV_ABS, EV_MSC, EV_SW -> device.has(type, code);
      case EV_KEY -> device.has(type, code) && !(value == KEY_REPEATED && device.repeats());
      default -> false; // lights are set by drivers, and would come back for ever
    };
  }

  private void add(int type, int code, int value) {
    if (frameLength == frameKeys.length) {
      apply(now); // and nothing else is left of it
      frameLength = 0;
      frameTooLong = true;
    }
    frameKeys[frameLength] = type << 16 | code;
    frameValues[frameLength++] = value;
  }

  private void endFrame(int value) {
    if (frameLength == 0) {
      return; // there was nothing for drivers in it
    }
    add(EV_SYN, SYN_REPORT, value);
    if (!frameTooLong) {
      catchUp();
    }
    apply(now);
    if (behind || frameTooLong || keys.length - count < frameLength) {
      behind = true;
      dropped++;
    } else {
      apply(told);
      for (int i = 0; i < frameLength; i++) {
        put(frameKeys[i], frameValues[i]);
      }
    }
    dropFrame();
  }

  private void apply(InputState state) {
    for (int i = 0; i < frameLength; i++) {
      state.apply(frameKeys[i] >>> 16, frameKeys[i] & 0xffff, frameValues[i]);
    }
  }

  private void put(int key, int value) {
    int at = (first + count++) % keys.length;
    keys[at] = key;
    values[at] = value;
  }

  private void putDifference(int type, int code, int value) {
    put(type << 16 | code, value);
  }

  private void dropFrame() {
    frameLength = 0;
    frameTooLong = false;
  }

  /** Tells the driver what it has missed, if there is room for the longest that this can be. */
  private void catchUp() {
    if (!behind || keys.length - count < frameKeys.length) {
      return;
    }
    behind = false;
    int before = count;
    told.differences(now, difference);
    told.set(now);
    if (count > before) {
      put(EV_SYN << 16 | SYN_REPORT, 0);
    }
  }

  /**
   * A driver begins. Of keys and contacts that are held now it does not hear before they are let
   * go; switches, axes and which slot is spoken of it is told. The first driver takes all of these
   * to be 0. A later one may be the same, whose guest has slept: Linux lets go of keys then, but
   * for those of which it hears afterwards, before the reset, and keeps the rest as it was. So it
   * is told all of that, and which of the keys that it was told of are not held any more (N9); a
   * new driver, to which some of it is nothing new, drops that.
   */
  void begin(InputState state) {
    dropFrame();
    takeBack();
    now.set(state);
    told.clear();
    told.addHeld(state);
    if (hasBegun) {
      told.unlearn(state, device);
    }
    hasBegun = true;
    behind = true;
    catchUp();
  }

  /** Drops what waits for buffers, the last first, back to the keys that the driver knows of. */
  private void takeBack() {
    while (count > 0) {
      int last = (first + --count) % keys.length;
      if (keys[last] >>> 16 == EV_KEY) {
        told.apply(EV_KEY, keys[last] & 0xffff, values[last] == KEY_PRESSED ? 0 : 1);
      }
    }
  }

  /** A driver begins while the device is gone: nothing is held, and the rest is as it was last. */
  void beginReleased() {
    now.release();
    begin(now);
  }

  /** Events were lost, and this is how the device is now. */
  void resync(InputState state) {
    dropFrame();
    dropped++;
    now.set(state);
    behind = true;
    catchUp();
  }

  /** The device is gone: nobody holds a key of it any more. */
  void release() {
    dropFrame();
    now.release();
    behind = true;
    catchUp();
  }

  /** Whether the driver should take some of what there is before it is given more. */
  boolean isBusy() {
    return count > keys.length / 2;
  }

  /** Has the driver given what is there, a little later: once for any number of events. */
  void deliver() {
    LoopTask task = delivery;
    if (task != null) {
      task.request();
    }
  }

  // To the driver

  /** N8. */
  @Override
  public boolean fits(DescriptorChain buffer) {
    return buffer.writer().size() >= EVENT_SIZE;
  }

  @Override
  public int fill(ChainWriter buffer) {
    if (count == 0) {
      catchUp();
    }
    if (count == 0) {
      return 0;
    }
    buffer.writeShort((short) (keys[first] >>> 16));
    buffer.writeShort((short) keys[first]);
    buffer.writeInt(values[first]);
    first = (first + 1) % keys.length;
    count--;
    sent++;
    return EVENT_SIZE;
  }
}
