package io.vhost4j.daemon;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vhost4j.daemon.HttpListener.Response;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** Serves meters at {@code /metrics} in Prometheus' text format, and says so at {@code /}. */
final class MetricsEndpoint implements AutoCloseable {
  private static final String INDEX =
      """
      <!DOCTYPE html>
      <html lang="en"><head><title>%1$s</title></head>
      <body><h1>%1$s</h1><p><a href="/metrics">Metrics</a> for Prometheus</p></body></html>
      """
          .formatted(SoundCommandLine.NAME);

  private final HttpListener listener;
  private final PrometheusMeterRegistry registry;

  private MetricsEndpoint(HttpListener listener, PrometheusMeterRegistry registry) {
    this.listener = listener;
    this.registry = registry;
  }

  /**
   * @throws StartException if the address cannot be listened on
   */
  static MetricsEndpoint start(InetSocketAddress address, List<? extends MeterBinder> meters)
      throws StartException {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    meters.forEach(binder -> binder.bindTo(registry));
    try {
      return new MetricsEndpoint(
          HttpListener.start(address, path -> answer(path, registry)), registry);
    } catch (IOException e) {
      throw new StartException(
          "cannot serve metrics at %s:%d: %s: choose another --metrics=[ADDRESS:]PORT"
              .formatted(address.getHostString(), address.getPort(), e.getMessage()),
          e);
    }
  }

  private static Response answer(String path, PrometheusMeterRegistry registry) {
    return switch (path) {
      case "/metrics" ->
          new Response("200 OK", "text/plain; version=0.0.4; charset=utf-8", registry.scrape());
      case "/" -> new Response("200 OK", "text/html; charset=utf-8", INDEX);
      default -> HttpListener.text("404 Not Found", "not found: the metrics are at /metrics");
    };
  }

  /** The address in use, whose port is a real one even if 0 was asked for. */
  InetSocketAddress address() {
    return listener.address();
  }

  /** Where people find it. */
  String url() {
    InetAddress host = address().getAddress();
    String name = host.getHostAddress();
    return "http://%s:%d/metrics"
        .formatted(name.contains(":") ? "[" + name + "]" : name, address().getPort());
  }

  @Override
  public void close() {
    listener.close();
    registry.close();
  }
}
