package io.vhost4j.bench.measure;

/**
 * Playing 10 ms periods from a real Linux guest; each round boots a guest.
 *
 * @param subject what the guest's sound card is
 * @param pace {@code device} if the card plays in real time, {@code none} if it takes periods as
 *     fast as it can
 * @param periods played each time
 * @param microsPerPeriod from one period to the next, in µs
 * @param guestCpuMicros processor time of the guest for each period, as the guest counts it, in µs
 * @param guestSwitches context switches in the guest for each period
 * @param hostCpuMicros processor time of QEMU and the daemon for each period, in µs
 * @param daemonCpuMicros that of the daemon alone, 0 if there is none
 * @param hostSwitches context switches of QEMU and the daemon for each period
 */
public record GuestResult(
    String subject,
    String pace,
    int periods,
    Spread microsPerPeriod,
    Spread guestCpuMicros,
    Spread guestSwitches,
    Spread hostCpuMicros,
    Spread daemonCpuMicros,
    Spread hostSwitches) {}
