package io.vhost4j.loopback;

import io.vhost4j.device.VirtioDevice;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * What has to be known of a kind of device to plug one in that a daemon serves. A new kind is one
 * line of {@link #ALL}.
 *
 * @param name as {@code --device} takes it
 * @param deviceType the virtio device type
 * @param queues how many it has
 * @param configSize bytes of its configuration space
 * @param memoryKib KiB that all buffers in flight of a queue may need, by index; the last one holds
 *     for all further queues
 * @param posted queues whose driver spins until it has its buffer back
 * @param driver the kernel's module that drives it
 */
public record DeviceKind(
    String name,
    int deviceType,
    int queues,
    int configSize,
    List<Integer> memoryKib,
    Set<Integer> posted,
    String driver) {

  /** All kinds that are known, by name. */
  public static final List<DeviceKind> ALL =
      List.of(
          new DeviceKind("vhublk", 2, 1, 60, List.of(16384), Set.of(), "virtio_blk"),
          new DeviceKind("vhucan", 36, 3, 2, List.of(256), Set.of(), "virtio_can"),
          // A pipe that is spliced into a port is one buffer, of 1 MiB and the list of its pages.
          new DeviceKind("vhuconsole", 3, 4, 12, List.of(1088), Set.of(1, 3), "virtio_console"),
          new DeviceKind("vhugpio", 41, 2, 8, List.of(64), Set.of(), "gpio-virtio"),
          new DeviceKind("vhui2c", 34, 1, 0, List.of(1024), Set.of(), "i2c-virtio"),
          new DeviceKind("vhuinput", 18, 2, 136, List.of(64), Set.of(), "virtio_input"),
          new DeviceKind("vhurng", 4, 1, 0, List.of(256), Set.of(), "virtio_rng"),
          new DeviceKind("vhurtc", 17, 2, 0, List.of(64), Set.of(), "virtio_rtc"),
          new DeviceKind("vhusnd", 25, 4, 12, List.of(256, 64, 8192), Set.of(), "virtio_snd"),
          new DeviceKind("vhuspi", 45, 1, 32, List.of(1024), Set.of(), "spi-virtio"));

  /** Less than a card may have where the module's max_memory was not changed: rings come to it. */
  private static final int CARD_KIB = 240 << 10;

  /** What is taken for a device of ours that is none of these. */
  private static final DeviceKind OTHER =
      new DeviceKind("", 0, 0, 0, List.of(1024), Set.of(), "the one for this type");

  /** The kind of a device of ours. */
  static DeviceKind ofType(int deviceType) {
    return ALL.stream().filter(kind -> kind.deviceType() == deviceType).findFirst().orElse(OTHER);
  }

  /** Its queues, or so many of them as there are. */
  List<CardOffer.Queue> queues(int count, int size) {
    return queues(count, size, posted::contains);
  }

  /** The queues of a device of ours, which says by itself where its driver spins. */
  List<CardOffer.Queue> queues(VirtioDevice device, int size) {
    return queues(device.queueCount(), size, device::driverSpins);
  }

  private List<CardOffer.Queue> queues(int count, int size, IntPredicate spins) {
    return IntStream.range(0, count).mapToObj(i -> queue(i, count, size, spins.test(i))).toList();
  }

  private CardOffer.Queue queue(int index, int count, int size, boolean spins) {
    int kib = Math.min(memoryKib.get(Math.min(index, memoryKib.size() - 1)), CARD_KIB / count);
    return new CardOffer.Queue(size, kib << 10, spins);
  }
}
