package io.vhost4j.bench.measure;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The latency of one subject under one load.
 *
 * @param subject name
 * @param loop label of the {@link LatencyLoop}
 * @param payload bytes in a buffer
 * @param samples number of round trips
 * @param micros in µs
 * @param toFloor ratios to the floor of the same rounds
 * @param toPeer ratios to the peer of the same rounds, null if there is none
 * @param curve pairs of percentile and µs, of all rounds together
 * @param series one entry for each slice of the rounds: s since the first, median and maximum in µs
 */
public record LatencyResult(
    String subject,
    String loop,
    int payload,
    long samples,
    Percentiles micros,
    Percentiles toFloor,
    @Nullable Percentiles toPeer,
    List<double[]> curve,
    List<double[]> series) {
  /**
   * Sums up results of one subject that differ in their payload only. Ratios to a peer, curve and
   * course are left out: they are of one payload.
   *
   * @param payload what to call it
   */
  public static LatencyResult together(List<LatencyResult> results, int payload) {
    LatencyResult first = results.get(0);
    return new LatencyResult(
        first.subject(),
        first.loop(),
        payload,
        results.stream().mapToLong(LatencyResult::samples).sum(),
        Percentiles.together(results.stream().map(LatencyResult::micros).toList()),
        Percentiles.together(results.stream().map(LatencyResult::toFloor).toList()),
        null,
        List.of(),
        List.of());
  }
}
