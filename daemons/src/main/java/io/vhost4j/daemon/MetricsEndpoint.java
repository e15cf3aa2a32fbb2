package io.vhost4j.daemon;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Serves meters at {@code /metrics} in Prometheus' text format, and says so at {@code /}. A client
 * that is slow keeps a thread for some seconds and then has to go; while there are too many of
 * them, further ones are hung up on.
 */
final class MetricsEndpoint implements AutoCloseable {
  /** Clients that are answered at a time. */
  static final int MAX_CLIENTS = 32;

  private static final String INDEX =
      """
      <!DOCTYPE html>
      <html lang="en"><head><title>%1$s</title></head>
      <body><h1>%1$s</h1><p><a href="/metrics">Metrics</a> for Prometheus</p></body></html>
      """;

  private final HttpServer server;
  private final ExecutorService clients;
  private final PrometheusMeterRegistry registry;

  private MetricsEndpoint(
      HttpServer server, ExecutorService clients, PrometheusMeterRegistry registry) {
    this.server = server;
    this.clients = clients;
    this.registry = registry;
  }

  /**
   * @param program what people know the process by
   * @throws StartException if the address cannot be listened on
   */
  static MetricsEndpoint start(
      String program, InetSocketAddress address, List<? extends MeterBinder> meters)
      throws StartException {
    // Longest time of a request and of its answer; seconds.
    System.setProperty("sun.net.httpserver.maxReqTime", "5");
    System.setProperty("sun.net.httpserver.maxRspTime", "5");
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    meters.forEach(binder -> binder.bindTo(registry));
    try {
      HttpServer server = HttpServer.create(address, 0);
      ExecutorService clients =
          new ThreadPoolExecutor(
              0,
              MAX_CLIENTS,
              1,
              TimeUnit.SECONDS,
              new SynchronousQueue<>(),
              MetricsEndpoint::thread);
      server.setExecutor(clients);
      server.createContext("/", exchange -> answer(exchange, registry, INDEX.formatted(program)));
      server.start();
      return new MetricsEndpoint(server, clients, registry);
    } catch (IOException e) {
      throw new StartException(
          "cannot serve metrics at %s:%d: %s: choose another --metrics=[ADDRESS:]PORT"
              .formatted(address.getHostString(), address.getPort(), e.getMessage()),
          e);
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "metrics");
    thread.setDaemon(true);
    return thread;
  }

  private static void answer(HttpExchange exchange, PrometheusMeterRegistry registry, String index)
      throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      if (!method.equals("GET") && !method.equals("HEAD")) {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        exchange.sendResponseHeaders(405, -1);
        return;
      }
      switch (exchange.getRequestURI().getPath()) {
        case "/metrics" ->
            send(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", registry.scrape());
        case "/" -> send(exchange, 200, "text/html; charset=utf-8", index);
        default ->
            send(
                exchange,
                404,
                "text/plain; charset=utf-8",
                "not found: the metrics are at /metrics\n");
      }
    }
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(body.length));
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** The address in use, whose port is a real one even if 0 was asked for. */
  InetSocketAddress address() {
    return server.getAddress();
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
    server.stop(0);
    clients.shutdownNow();
    registry.close();
  }
}
