package io.vhost4j.bench.measure;

/**
 * What a buffer takes in a guest, by the way to its device; each round boots a guest.
 *
 * @param machine what runs the guest: {@code QEMU} or {@code UML}
 * @param way to the device: {@code vhost-user} to daemons out of the guest, or by the module of a
 *     guest that is its own host: {@code loopback+daemon} to daemons in it, {@code loopback alone}
 *     to devices of the adapter's own process
 * @param load {@code entropy}: one buffer at a time; {@code period}, {@code chunk}, {@code block}:
 *     sound, as many as the driver has under way
 * @param bytes in a buffer
 * @param micros from one buffer to the next, in µs
 * @param cpuMicros processor time of all for each buffer, the daemon on the host too, in µs, as the
 *     host counts it
 * @param serverMicros of it that of whoever serves the device, in µs; counted by the guest where
 *     that is in it
 * @param moduleMicros of it that of the module's threads, which copy back what the device returns,
 *     in µs, as the guest counts it
 */
public record LoopbackResult(
    String machine,
    String way,
    String load,
    int bytes,
    Spread micros,
    Spread cpuMicros,
    Spread serverMicros,
    Spread moduleMicros) {
  /** What goes through in a second, in MB. */
  public Spread megabytesPerSecond() {
    return Spread.of(micros.rounds(), time -> bytes / time);
  }
}
