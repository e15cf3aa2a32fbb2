package io.vhost4j.bench.measure;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The throughput of one subject under one load; medians over the rounds.
 *
 * @param subject name
 * @param payload bytes in a buffer
 * @param window buffers under way at a time
 * @param perSecond buffers in a second
 * @param megabytesPerSecond payload in 10^6 bytes in a second
 * @param kicksPerBuffer notifications to the device for each buffer
 * @param wakeUpsPerBuffer notifications that the driver waited for, for each buffer
 * @param toFloor ratio of the buffers to the round trips of the floor
 * @param toPeer ratio of the buffers to those of the peer, null if there is none
 * @param toCopy ratio of the payload to what one copy in memory moves
 * @param rounds buffers in a second
 */
public record ThroughputResult(
    String subject,
    int payload,
    int window,
    double perSecond,
    double megabytesPerSecond,
    double kicksPerBuffer,
    double wakeUpsPerBuffer,
    double toFloor,
    @Nullable Double toPeer,
    double toCopy,
    List<Double> rounds) {
  /**
   * Sums up results of one subject that differ in payload and window only. The ratio to a peer is
   * left out: it is of one window.
   *
   * @param load what to call the payload and the window
   */
  public static ThroughputResult together(List<ThroughputResult> results, int load) {
    List<Double> rounds = results.stream().flatMap(one -> one.rounds().stream()).toList();
    return new ThroughputResult(
        results.get(0).subject(),
        load,
        load,
        Stats.median(rounds, Double::doubleValue),
        Stats.median(results, ThroughputResult::megabytesPerSecond),
        Stats.median(results, ThroughputResult::kicksPerBuffer),
        Stats.median(results, ThroughputResult::wakeUpsPerBuffer),
        Stats.median(results, ThroughputResult::toFloor),
        null,
        Stats.median(results, ThroughputResult::toCopy),
        rounds);
  }
}
