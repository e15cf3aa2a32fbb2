package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.ABS_MT_SLOT;
import static io.vhost4j.device.input.Codes.EV_ABS;
import static io.vhost4j.device.input.Codes.EV_REP;

import java.util.BitSet;
import java.util.Map;

/**
 * What a device is and which events it knows. Not to be changed.
 *
 * @param name for people; may be empty
 * @param serial tells it from others of its kind; may be empty
 * @param properties the INPUT_PROP_ bits
 * @param codes for each type of event that it knows the codes, those that the driver sends (LED,
 *     sounds) included; repeat has the two codes 0 and 1
 * @param axes ranges of all codes of EV_ABS
 */
record InputDescription(
    String name,
    String serial,
    Ids ids,
    BitSet properties,
    Map<Integer, BitSet> codes,
    Map<Integer, Axis> axes) {
  private static final BitSet NONE = new BitSet();

  /** More contacts than any device has; a wrong recording is not to take all memory. */
  private static final int MOST_SLOTS = 256;

  /** As in the kernel's {@code struct input_id}; each 0 to 65535. */
  record Ids(int bus, int vendor, int product, int version) {}

  /** As in the kernel's {@code struct input_absinfo}; see there for the units. */
  record Axis(int min, int max, int fuzz, int flat, int resolution) {}

  /** The codes of a type of event. */
  BitSet codes(int type) {
    return codes.getOrDefault(type, NONE);
  }

  /** Whether the device has such events. */
  boolean has(int type, int code) {
    return codes(type).get(code);
  }

  /** Whether keys that are held repeat themselves. */
  boolean repeats() {
    return !codes(EV_REP).isEmpty();
  }

  /** How many contacts it can tell apart; 0 if that is none of its affairs. */
  int slots() {
    Axis axis = axes.get(ABS_MT_SLOT);
    return axis == null || !has(EV_ABS, ABS_MT_SLOT)
        ? 0
        : Math.max(0, Math.min(axis.max, MOST_SLOTS - 1)) + 1;
  }

  /** The name, or the numbers where there is none. */
  @Override
  public String toString() {
    return name.isEmpty() ? "%04x:%04x".formatted(ids.vendor, ids.product) : name;
  }
}
