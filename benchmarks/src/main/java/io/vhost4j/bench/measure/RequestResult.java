package io.vhost4j.bench.measure;

/**
 * The round trip of a request to a device.
 *
 * @param machine where the hardware was: {@code here}, simulated by our daemon, or {@code UML}, by
 *     the kernel of a user-mode Linux
 * @param request what was asked for
 * @param latency the figures
 */
public record RequestResult(String machine, String request, LatencyResult latency) {}
