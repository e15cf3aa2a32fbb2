package io.vhost4j.device.input;

/** Numbers of Linux' input events, which virtio has taken over (VIRTIO 5.8.4). */
final class Codes {
  static final int EV_SYN = 0;
  static final int EV_KEY = 1;
  static final int EV_REL = 2;
  static final int EV_ABS = 3;
  static final int EV_MSC = 4;
  static final int EV_SW = 5;
  static final int EV_LED = 0x11;
  static final int EV_SND = 0x12;
  static final int EV_REP = 0x14;

  /** Ends a frame: what happened at the same time. */
  static final int SYN_REPORT = 0;

  static final int SYN_MT_REPORT = 2;

  /** The kernel has dropped events: the state is to be asked for. */
  static final int SYN_DROPPED = 3;

  static final int KEY_COUNT = 0x300;
  static final int ABS_COUNT = 0x40;

  /** Which contact of a touch screen the axes from {@link #MT_FIRST} to {@link #MT_LAST} are of. */
  static final int ABS_MT_SLOT = 0x2f;

  static final int MT_FIRST = 0x30;
  static final int MT_LAST = 0x3d;

  /** Which finger it is; -1 if there is none. */
  static final int ABS_MT_TRACKING_ID = 0x39;

  static final int KEY_PRESSED = 1;

  /** A key that is held sends this, again and again. */
  static final int KEY_REPEATED = 2;

  private Codes() {}

  /** How many codes a type of event can have; 0 for those that are not for guests. */
  static int count(int type) {
    return switch (type) {
      case EV_KEY -> KEY_COUNT;
      case EV_ABS -> ABS_COUNT;
      case EV_SW -> Long.SIZE;
      case EV_REL, EV_LED -> 16;
      case EV_MSC, EV_SND -> 8;
      case EV_REP -> 2;
      default -> 0;
    };
  }

  /** What an event of this type is about, for people. */
  static String typeName(int type) {
    return switch (type) {
      case EV_LED -> "LED";
      case EV_SND -> "sound";
      default -> "type " + type;
    };
  }
}
