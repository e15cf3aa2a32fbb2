package io.vhost4j.daemon;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** The meters of a daemon that is started with {@link #option()}. */
record Metrics(int port) {
  /** At a port that is free now. */
  static Metrics anywhere() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new Metrics(free.getLocalPort());
    }
  }

  String option() {
    return "--metrics=" + port;
  }

  /** All that the daemon says. */
  String page() throws IOException, InterruptedException {
    URI address = URI.create("http://127.0.0.1:" + port + "/metrics");
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString())
        .body();
  }

  /** What a queue has counted, for example of {@code buffers}; the daemon has one device. */
  double ofQueue(int queue, String what) throws IOException, InterruptedException {
    return counted("vhost_queue_" + what, "queue=\"" + queue + "\"");
  }

  /** The value of a counter, of those with its name the first that has this label. */
  double counted(String name, String label) throws IOException, InterruptedException {
    return page()
        .lines()
        .filter(line -> line.startsWith(name + "_total{") && line.contains(label))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .findFirst()
        .orElseThrow();
  }
}
