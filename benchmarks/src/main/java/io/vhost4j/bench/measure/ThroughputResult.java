package io.vhost4j.bench.measure;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The throughput of one subject under one load; where only one figure is given, the median of the
 * rounds.
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
 */
public record ThroughputResult(
    String subject,
    int payload,
    int window,
    Spread perSecond,
    double megabytesPerSecond,
    double kicksPerBuffer,
    double wakeUpsPerBuffer,
    Spread toFloor,
    @Nullable Spread toPeer,
    double toCopy) {
  /**
   * Sums up results of one subject that differ in payload and window only. The ratio to a peer is
   * left out: it is of one window.
   *
   * @param load what to call the payload and the window
   */
  public static ThroughputResult together(List<ThroughputResult> results, int load) {
    return new ThroughputResult(
        results.get(0).subject(),
        load,
        load,
        Spread.together(results.stream().map(ThroughputResult::perSecond).toList()),
        Spread.of(results, ThroughputResult::megabytesPerSecond).median(),
        Spread.of(results, ThroughputResult::kicksPerBuffer).median(),
        Spread.of(results, ThroughputResult::wakeUpsPerBuffer).median(),
        Spread.together(results.stream().map(ThroughputResult::toFloor).toList()),
        null,
        Spread.of(results, ThroughputResult::toCopy).median());
  }
}
