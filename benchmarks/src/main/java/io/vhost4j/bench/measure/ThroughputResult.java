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
    List<Double> rounds) {}
