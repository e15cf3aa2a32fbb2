/**
 * The benchmarks: latency, throughput and scale of any vhost-user backend, beside the machine's own
 * floor and beside other backends in the same run.
 *
 * <p>{@link io.vhost4j.bench.Bench} is the program. {@code target} starts and connects to what is
 * measured, {@code workload} knows devices, {@code floor} is the best that the machine can do,
 * {@code measure} measures.
 */
@NullMarked
package io.vhost4j.bench;

import org.jspecify.annotations.NullMarked;
