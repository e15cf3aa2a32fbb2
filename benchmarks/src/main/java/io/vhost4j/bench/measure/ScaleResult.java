package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How some streams did; where only one figure is given, the median of the rounds, but all misses.
 *
 * @param subject name
 * @param pace who keeps time: the driver, or the device too
 * @param streams in all
 * @param devices that they are dealt to
 * @param processes that the devices are in
 * @param cpuMillisPerStreamSecond processor time of the processes for one stream in one second, ms
 * @param cpuPercent processor time of the processes, in percent of one processor
 * @param switchesPerBuffer context switches of the processes for each buffer
 * @param missPercent periods for which a device was a period late, in percent of all
 * @param driverCpuPercent processor time of the thread that drives, in percent of one processor
 * @param driverStalls how often that thread was held up for half a period: by the machine's other
 *     work, which then makes devices late as well
 * @param megabytes memory of the processes (PSS), 10^6 bytes
 * @param toPeer ratio of the processor time to that of the peer, null if there is none
 */
public record ScaleResult(
    String subject,
    String pace,
    int streams,
    int devices,
    int processes,
    Spread cpuMillisPerStreamSecond,
    double cpuPercent,
    double switchesPerBuffer,
    double missPercent,
    double driverCpuPercent,
    long driverStalls,
    double megabytes,
    @Nullable Spread toPeer) {

  /**
   * Sums up the rounds of a load.
   *
   * @param used processor time of its processes in one second, in ms
   * @param peer the same of the peer, null if there is none
   */
  static ScaleResult of(
      StreamLoad load, String pace, List<ScaleRound> rounds, Spread used, @Nullable Spread peer)
      throws BenchException {
    long misses = rounds.stream().mapToLong(ScaleRound::misses).sum();
    long buffers = rounds.stream().mapToLong(ScaleRound::buffers).sum();
    return new ScaleResult(
        load.name(),
        pace,
        load.streams(),
        load.devices(),
        load.processes(),
        Spread.of(used.rounds(), millis -> millis / load.streams()),
        used.median() / 10,
        Spread.of(rounds, round -> (double) round.used().switches() / Math.max(1, round.buffers()))
            .median(),
        100.0 * misses / Math.max(1, misses + buffers),
        Spread.of(rounds, round -> 100.0 * round.driverCpuNanos() / round.nanos()).median(),
        rounds.stream().mapToLong(ScaleRound::stalls).sum(),
        load.memory() / 1e6,
        peer == null ? null : used.to(peer));
  }
}
