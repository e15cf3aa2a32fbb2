package io.vhost4j.bench.measure;

/**
 * Garbage collections of a daemon of ours that was kept busy.
 *
 * @param subject name
 * @param seconds that were counted
 * @param buffers that went through in this time
 * @param inWarmUp collections from the start to the first of these seconds
 * @param afterWarmUp collections in these seconds
 */
public record CollectionsResult(
    String subject, double seconds, long buffers, long inWarmUp, long afterWarmUp) {}
