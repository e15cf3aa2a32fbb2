package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.GuestResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.LoopbackResult;
import io.vhost4j.bench.measure.MachineLoad;
import io.vhost4j.bench.measure.RequestResult;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that a report shows.
 *
 * @param date when it was measured, UTC
 * @param minutes that it took
 * @param command the command line
 * @param versions of what was measured, by name
 * @param machine where
 * @param load what else the machine did
 * @param quick whether the rounds were too short for numbers to mean something
 * @param conduct how many rounds there were, in which order, and what the figures are of them
 * @param latency by name of the placement, the usual one last
 * @param throughput by name of the placement, the usual one last
 * @param scale of streams
 * @param footprint of idle daemons
 * @param allocation of the hot paths
 * @param collections under load, null if not asked for
 * @param guest what a guest sees, empty if not asked for
 * @param loopback what a buffer takes by each way to a device, empty if not asked for
 * @param requests to devices that are not sound cards, empty if not asked for
 */
public record Results(
    String date,
    double minutes,
    String command,
    Map<String, String> versions,
    Machine machine,
    MachineLoad load,
    boolean quick,
    String conduct,
    Map<String, List<LatencyResult>> latency,
    Map<String, List<ThroughputResult>> throughput,
    List<ScaleResult> scale,
    List<FootprintResult> footprint,
    List<AllocationResult> allocation,
    @Nullable CollectionsResult collections,
    List<GuestResult> guest,
    List<LoopbackResult> loopback,
    List<RequestResult> requests) {}
