package io.vhost4j.device.input;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.input.InputDescription.Axis;
import io.vhost4j.device.input.InputDescription.Ids;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A host whose device does what a test says, on the device's event loop. */
final class ScriptedHost implements InputHost {
  /** What was asked of it, in order. */
  final List<String> calls = new CopyOnWriteArrayList<>();

  private final InputDescription description;
  @Nullable EventFrames frames;
  private boolean fresh = true;

  /** Types, codes and values that have led to the state that the next driver finds. */
  int[] beginning = {};

  /** Whether a light makes a key event of the same code: something for a guest to get. */
  boolean echoes;

  ScriptedHost(InputDescription description) {
    this.description = description;
  }

  /** All types and codes that tests use; two contacts. */
  static InputDescription everything(boolean repeats) {
    Map<Integer, BitSet> codes = new HashMap<>();
    codes.put(Codes.EV_KEY, bits(0, 0x300));
    codes.put(Codes.EV_REL, bits(0, 2));
    codes.put(Codes.EV_ABS, bits(0, 2));
    codes.get(Codes.EV_ABS).set(Codes.ABS_MT_SLOT);
    codes.get(Codes.EV_ABS).set(0x35);
    codes.get(Codes.EV_ABS).set(Codes.ABS_MT_TRACKING_ID);
    codes.put(Codes.EV_MSC, bits(4, 5));
    codes.put(Codes.EV_SW, bits(0, 2));
    codes.put(Codes.EV_LED, bits(0, 3));
    codes.put(Codes.EV_SND, bits(2, 3));
    if (repeats) {
      codes.put(Codes.EV_REP, bits(0, 2));
    }
    Map<Integer, Axis> axes = new HashMap<>();
    axes.put(0, new Axis(-100, 1000, 1, 2, 3));
    axes.put(1, new Axis(0, 1 << 30, 0, 0, 0));
    axes.put(Codes.ABS_MT_SLOT, new Axis(0, 1, 0, 0, 0));
    axes.put(0x35, new Axis(0, 4095, 0, 0, 12));
    axes.put(Codes.ABS_MT_TRACKING_ID, new Axis(0, 65535, 0, 0, 0));
    return new InputDescription(
        "Test keys", "1234", new Ids(3, 0xf046, 0x8001, 0x110), bits(1, 2), codes, axes);
  }

  static BitSet bits(int from, int to) {
    BitSet bits = new BitSet();
    bits.set(from, to);
    return bits;
  }

  @Override
  public InputDescription description() {
    return description;
  }

  @Override
  public void start(DeviceContext device, EventFrames taker) {
    calls.add(fresh ? "start" : "go on");
    frames = taker;
    if (fresh) {
      fresh = false;
      InputState state = new InputState(description.slots());
      for (int i = 0; i < beginning.length; i += 3) {
        state.apply(beginning[i], beginning[i + 1], beginning[i + 2]);
      }
      taker.begin(state);
    }
  }

  @Override
  public void stop() {
    calls.add("stop");
    frames = null;
  }

  @Override
  public void output(DeviceContext device, int type, int code, int value) {
    calls.add("output %d %d %d".formatted(type, code, value));
    EventFrames taker = frames;
    if (echoes && taker != null) {
      taker.event(Codes.EV_KEY, code, value);
      taker.event(Codes.EV_SYN, Codes.SYN_REPORT, 0);
      taker.deliver();
    }
  }

  @Override
  public void reset() {
    calls.add("reset");
    fresh = true;
  }

  @Override
  public Future<Void> close() {
    calls.add("close");
    return Future.succeededFuture();
  }
}
