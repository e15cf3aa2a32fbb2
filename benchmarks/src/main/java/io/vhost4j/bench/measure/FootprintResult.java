package io.vhost4j.bench.measure;

/**
 * What an idle daemon takes.
 *
 * @param subject name
 * @param startMillis from exec to being ready, in ms
 * @param megabytes memory (PSS) with a frontend connected and no stream, 10^6 bytes
 * @param threads their number
 * @param wakeUpsAlone wake-ups of all threads in a second, without frontend
 * @param wakeUpsConnected the same with a frontend whose queues run, and no stream
 */
public record FootprintResult(
    String subject,
    Spread startMillis,
    double megabytes,
    int threads,
    double wakeUpsAlone,
    double wakeUpsConnected) {
  /** Starts the names of our daemons; the version of the Java follows. */
  public static final String ON_JAVA = "vhost4j on Java ";
}
