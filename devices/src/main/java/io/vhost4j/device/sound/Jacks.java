package io.vhost4j.device.sound;

import io.vhost4j.device.sound.wire.JackInfo;
import io.vhost4j.device.sound.wire.JackRemap;
import io.vhost4j.device.sound.wire.Status;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** The jacks of a device and what can change about them (A23 to A26). */
final class Jacks {
  /** Association and sequence are the lowest byte of the HDA default configuration register. */
  private static final int MAX_ASSOCIATION = 15;

  private static final int MAX_SEQUENCE = 15;
  private static final int ASSOCIATION_SHIFT = 4;
  private static final int REMAP_MASK = 0xff;

  private final List<JackConfig> configs;

  /** By id: 1 if something is plugged in. Outlives frontends, as the host's plugs do. */
  private final AtomicIntegerArray connected;

  /** By id: the default configuration register, with what the driver has remapped. */
  private final int[] defconf;

  Jacks(List<JackConfig> configs) {
    this.configs = configs;
    this.connected = new AtomicIntegerArray(configs.size());
    this.defconf = new int[configs.size()];
    for (int id = 0; id < configs.size(); id++) {
      connected.set(id, configs.get(id).connected() ? 1 : 0);
    }
    reset();
  }

  int count() {
    return configs.size();
  }

  /** Any thread. */
  boolean isConnected(int id) {
    return connected.get(id) != 0;
  }

  /**
   * Plugs or unplugs. Any thread.
   *
   * @return whether it was the other way before
   */
  boolean setConnected(int id, boolean isConnected) {
    int now = isConnected ? 1 : 0;
    return connected.getAndSet(id, now) != now;
  }

  /** Undoes what the driver has remapped. Event loop only, as all that follows. */
  void reset() {
    for (int id = 0; id < defconf.length; id++) {
      defconf[id] = configs.get(id).defconf();
    }
  }

  void describe(int id, ByteBuffer record) {
    JackConfig config = configs.get(id);
    new JackInfo()
        .wrap(record, 0)
        .hdaFnNid(config.hdaFnNid())
        .features(config.remappable() ? JackInfo.FEATURE_REMAP : 0)
        .defconf(defconf[id])
        .caps(config.caps())
        .connected(isConnected(id));
  }

  Status remap(JackRemap remap) {
    int id = remap.jackId();
    if (Integer.compareUnsigned(id, count()) >= 0) {
      return Status.BAD_MSG;
    }
    if (!configs.get(id).remappable()) {
      return Status.NOT_SUPP;
    }
    if (Integer.compareUnsigned(remap.association(), MAX_ASSOCIATION) > 0
        || Integer.compareUnsigned(remap.sequence(), MAX_SEQUENCE) > 0) {
      return Status.BAD_MSG;
    }
    defconf[id] =
        (defconf[id] & ~REMAP_MASK) | (remap.association() << ASSOCIATION_SHIFT) | remap.sequence();
    return Status.OK;
  }
}
