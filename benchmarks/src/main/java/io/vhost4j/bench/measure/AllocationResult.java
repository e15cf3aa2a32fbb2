package io.vhost4j.bench.measure;

/**
 * One microbenchmark.
 *
 * @param subject its name, with its parameters
 * @param nanos that one operation takes
 * @param bytes of the heap that one operation allocates, as JMH counts them: what JMH itself
 *     allocates in an iteration is shared out too, which is some thousandths of a byte
 */
public record AllocationResult(String subject, double nanos, double bytes) {}
