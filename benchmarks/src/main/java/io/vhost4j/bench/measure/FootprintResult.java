package io.vhost4j.bench.measure;

import java.util.List;

/**
 * What an idle daemon takes.
 *
 * @param subject name
 * @param startMillis from exec to being ready, in ms, the median
 * @param starts each start, in ms
 * @param megabytes memory (PSS) with a frontend connected and no stream, 10^6 bytes
 * @param threads their number
 * @param wakeUpsAlone wake-ups of all threads in a second, without frontend
 * @param wakeUpsConnected the same with a frontend whose queues run, and no stream
 */
public record FootprintResult(
    String subject,
    double startMillis,
    List<Double> starts,
    double megabytes,
    int threads,
    double wakeUpsAlone,
    double wakeUpsConnected) {
  /** Starts the names of our daemons; the version of the Java follows. */
  public static final String ON_JAVA = "vhost4j on Java ";
}
