package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.GuestResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that a report shows.
 *
 * @param date when it was measured, UTC
 * @param command the command line
 * @param versions of what was measured, by name
 * @param machine where
 * @param quick whether the rounds were too short for numbers to mean something
 * @param rounds their number
 * @param latency by name of the placement, the usual one last
 * @param throughput driver and devices placed as by default
 * @param scale of streams
 * @param footprint of idle daemons
 * @param allocation of the hot paths
 * @param collections under load, null if not asked for
 * @param guest what a guest sees, empty if not asked for
 */
public record Results(
    String date,
    String command,
    Map<String, String> versions,
    Machine machine,
    boolean quick,
    int rounds,
    Map<String, List<LatencyResult>> latency,
    List<ThroughputResult> throughput,
    List<ScaleResult> scale,
    List<FootprintResult> footprint,
    List<AllocationResult> allocation,
    @Nullable CollectionsResult collections,
    List<GuestResult> guest) {}
