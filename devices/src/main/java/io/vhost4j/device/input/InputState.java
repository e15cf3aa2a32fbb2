package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.ABS_COUNT;
import static io.vhost4j.device.input.Codes.ABS_MT_SLOT;
import static io.vhost4j.device.input.Codes.ABS_MT_TRACKING_ID;
import static io.vhost4j.device.input.Codes.EV_ABS;
import static io.vhost4j.device.input.Codes.EV_KEY;
import static io.vhost4j.device.input.Codes.EV_SW;
import static io.vhost4j.device.input.Codes.KEY_COUNT;
import static io.vhost4j.device.input.Codes.MT_FIRST;
import static io.vhost4j.device.input.Codes.MT_LAST;

import java.util.Arrays;

/**
 * What events add up to: which keys are held, how switches and axes are set, and the contacts of a
 * touch screen. Movements (EV_REL) leave nothing behind. Event loop only, once events flow;
 * allocates nothing.
 */
final class InputState {
  private static final int MT_CODES = MT_LAST - MT_FIRST + 1;
  private static final int ID = ABS_MT_TRACKING_ID - MT_FIRST;

  private final long[] keys = new long[KEY_COUNT / Long.SIZE];
  private long switches;
  private final int[] axes = new int[ABS_COUNT];

  /** The contact that axes from MT_FIRST on are of. */
  private int slot;

  private final int slots;

  /** Of each slot its codes from MT_FIRST on. */
  private final int[] contacts;

  /** Takes the events that make one state of another. */
  @FunctionalInterface
  interface Sink {
    void add(int type, int code, int value);
  }

  /**
   * Nothing held, all axes at 0.
   *
   * @param slots as of {@link InputDescription#slots()}
   */
  InputState(int slots) {
    this.slots = slots;
    this.contacts = new int[slots * MT_CODES];
    clear();
  }

  /** As in the beginning, but for keys, which stay as they are. */
  void clear() {
    switches = 0;
    Arrays.fill(axes, 0);
    slot = 0;
    Arrays.fill(contacts, 0);
    releaseContacts();
  }

  /** Lets all keys and contacts go. */
  void release() {
    Arrays.fill(keys, 0);
    releaseContacts();
  }

  private void releaseContacts() {
    for (int i = 0; i < slots; i++) {
      contacts[i * MT_CODES + ID] = -1;
    }
  }

  void set(InputState other) {
    switches = other.switches;
    System.arraycopy(other.axes, 0, axes, 0, axes.length);
    System.arraycopy(other.keys, 0, keys, 0, keys.length);
    slot = other.slot;
    System.arraycopy(other.contacts, 0, contacts, 0, contacts.length);
  }

  /** Adds the keys that are held there, and takes over which slots have a contact. */
  void addHeld(InputState other) {
    for (int i = 0; i < keys.length; i++) {
      keys[i] |= other.keys[i];
    }
    for (int id = ID; id < contacts.length; id += MT_CODES) {
      contacts[id] = other.contacts[id];
    }
  }

  /**
   * Makes this differ from {@code other} in all that a device has, but for what is held there and
   * keys: {@link #differences} tells switches, axes, those of contacts too, and empty slots then.
   */
  void unlearn(InputState other, InputDescription device) {
    for (int code = 0; code < Long.SIZE; code++) {
      if (device.has(EV_SW, code)) {
        long bit = 1L << code;
        switches = (switches & ~bit) | (~other.switches & bit);
      }
    }
    for (int code = 0; code < axes.length; code++) {
      if (device.has(EV_ABS, code) && code != ABS_MT_SLOT) {
        unlearnAxis(code, other);
      }
    }
    slot = -1;
  }

  private void unlearnAxis(int code, InputState other) {
    if (code < MT_FIRST || code > MT_LAST) {
      axes[code] = ~other.axes[code];
      return;
    }
    for (int i = code - MT_FIRST; i < contacts.length; i += MT_CODES) {
      if (code != ABS_MT_TRACKING_ID || other.contacts[i] < 0) {
        contacts[i] = ~other.contacts[i];
      }
    }
  }

  /** Adds an event. */
  void apply(int type, int code, int value) {
    switch (type) {
      case EV_KEY -> {
        long bit = 1L << code;
        int word = code / Long.SIZE;
        keys[word] = value == 0 ? keys[word] & ~bit : keys[word] | bit;
      }
      case EV_SW -> switches = value == 0 ? switches & ~(1L << code) : switches | 1L << code;
      case EV_ABS -> {
        if (code == ABS_MT_SLOT) {
          slot = value;
        } else if (code < MT_FIRST || code > MT_LAST) {
          axes[code] = value;
        } else if (slot >= 0 && slot < slots) {
          contact(slot, code, value);
        }
      }
      default -> {} // leaves nothing behind
    }
  }

  /** Sets an axis of a contact. */
  void contact(int which, int code, int value) {
    contacts[which * MT_CODES + code - MT_FIRST] = value;
  }

  /** Most events that {@link #differences} can be. */
  static int mostDifferences(int slots) {
    return KEY_COUNT + Long.SIZE + ABS_COUNT + slots * (MT_CODES + 1) + 1;
  }

  /** The events that make {@code wanted} of this state, keys that are released first. */
  void differences(InputState wanted, Sink sink) {
    for (int pass = 0; pass <= 1; pass++) {
      for (int i = 0; i < keys.length; i++) {
        long changed = (keys[i] ^ wanted.keys[i]) & (pass == 0 ? keys[i] : wanted.keys[i]);
        bits(changed, EV_KEY, i * Long.SIZE, pass, sink);
      }
    }
    bits(switches & ~wanted.switches, EV_SW, 0, 0, sink);
    bits(wanted.switches & ~switches, EV_SW, 0, 1, sink);
    for (int code = 0; code < axes.length; code++) {
      if (axes[code] != wanted.axes[code]) {
        sink.add(EV_ABS, code, wanted.axes[code]);
      }
    }
    int at = slot;
    for (int which = 0; which < slots; which++) {
      if (changes(which, wanted)) {
        sink.add(EV_ABS, ABS_MT_SLOT, which);
        at = which;
        contactDifferences(which, wanted, sink);
      }
    }
    if (at != wanted.slot && slots > 0) {
      sink.add(EV_ABS, ABS_MT_SLOT, wanted.slot);
    }
  }

  private boolean changes(int which, InputState wanted) {
    for (int i = which * MT_CODES; i < (which + 1) * MT_CODES; i++) {
      if (contacts[i] != wanted.contacts[i]) {
        return true;
      }
    }
    return false;
  }

  /** Which finger it is comes first: what follows is its own. */
  private void contactDifferences(int which, InputState wanted, Sink sink) {
    int first = which * MT_CODES;
    if (contacts[first + ID] != wanted.contacts[first + ID]) {
      sink.add(EV_ABS, ABS_MT_TRACKING_ID, wanted.contacts[first + ID]);
    }
    for (int i = 0; i < MT_CODES; i++) {
      if (i != ID && contacts[first + i] != wanted.contacts[first + i]) {
        sink.add(EV_ABS, MT_FIRST + i, wanted.contacts[first + i]);
      }
    }
  }

  private static void bits(long set, int type, int first, int value, Sink sink) {
    for (long left = set; left != 0; left &= left - 1) {
      sink.add(type, first + Long.numberOfTrailingZeros(left), value);
    }
  }
}
