package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Gauge;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MetricsEndpointTest {
  private final HttpClient client = HttpClient.newHttpClient();
  private MetricsEndpoint endpoint;

  @BeforeEach
  void start() throws StartException {
    endpoint =
        MetricsEndpoint.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            List.of(
                registry ->
                    Gauge.builder("vhost.answer", () -> 42)
                        .tag("device", "a \"b\"")
                        .register(registry)));
  }

  @AfterEach
  void stop() {
    endpoint.close();
  }

  private HttpResponse<String> send(String method, String path) throws Exception {
    InetSocketAddress address = endpoint.address();
    URI uri = URI.create("http://localhost:" + address.getPort() + path);
    return client.send(
        HttpRequest.newBuilder(uri).method(method, BodyPublishers.noBody()).build(),
        BodyHandlers.ofString());
  }

  @Test
  void servesMetersAsPrometheusReadsThem() throws Exception {
    HttpResponse<String> response = send("GET", "/metrics");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/plain; version=0.0.4");
    assertThat(response.body()).contains("vhost_answer{device=\"a \\\"b\\\"\"} 42.0");
  }

  @Test
  void everythingElseIsRefused() throws Exception {
    assertThat(send("GET", "/").statusCode()).isEqualTo(404);
    assertThat(send("GET", "/metrics/deeper").statusCode()).isEqualTo(404);
    assertThat(send("POST", "/metrics").statusCode()).isEqualTo(405);
  }

  @Test
  void anAddressInUseIsNamed() {
    assertThatThrownBy(() -> MetricsEndpoint.start(endpoint.address(), List.of()))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(String.valueOf(endpoint.address().getPort()))
        .hasMessageContaining("--metrics");
  }
}
