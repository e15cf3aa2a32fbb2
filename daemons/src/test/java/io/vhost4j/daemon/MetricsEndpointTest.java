package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Gauge;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class MetricsEndpointTest {
  private final HttpClient client = HttpClient.newHttpClient();
  private MetricsEndpoint endpoint;

  @BeforeEach
  void start() throws StartException {
    endpoint =
        MetricsEndpoint.start(
            "vhost-device-sound",
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            List.of(
                registry ->
                    Gauge.builder("vhost.answer", () -> 42)
                        .description("The answer")
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
    assertThat(response.headers().firstValue("Content-Type"))
        .hasValue("text/plain; version=0.0.4; charset=utf-8");
    assertThat(response.body()).contains("vhost_answer{device=\"a \\\"b\\\"\"} 42.0");
  }

  @Test
  void everyLineIsOneThatPrometheusTakes() throws Exception {
    assertThat(send("GET", "/metrics").body().lines())
        .hasSize(3)
        .allMatch(
            line ->
                line.matches("# (HELP|TYPE) [a-z_]+ .+")
                    || line.matches(
                        "[a-z_]+(\\{([a-z_]+=\"([^\"\\\\]|\\\\.)*\",?)+\\})? [0-9.E+-]+"));
  }

  @Test
  void theFrontPageLinksToTheMetrics() throws Exception {
    HttpResponse<String> response = send("GET", "/");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
    assertThat(response.body()).contains("<a href=\"/metrics\">");
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /metrics?name=x, 200",
    "GET, /metrics/deeper, 404",
    "GET, /favicon.ico, 404",
    "HEAD, /, 200",
    "HEAD, /nothing, 404",
    "POST, /metrics, 405",
    "DELETE, /, 405",
  })
  void everyRequestGetsItsStatus(String method, String path, int status) throws Exception {
    assertThat(send(method, path).statusCode()).isEqualTo(status);
  }

  @Test
  void headTellsHowLongTheFrontPageIs() throws Exception {
    int length = send("GET", "/").body().length();

    assertThat(send("HEAD", "/").headers().firstValueAsLong("Content-Length")).hasValue(length);
  }

  @Test
  void clientsThatAreSlowHoldUpNobody() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < MetricsEndpoint.MAX_CLIENTS / 2; i++) {
        Socket socket = connect();
        socket.getOutputStream().write("GET /metrics HT".getBytes(StandardCharsets.UTF_8));
        slow.add(socket);
      }

      assertThat(send("GET", "/metrics").statusCode()).isEqualTo(200);
      slow.get(0).getOutputStream().write("TP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      assertThat(slow.get(0).getInputStream().read()).isEqualTo('H');
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  @Tag("long")
  @Test
  void aClientThatNeverEndsIsHungUpOn() throws Exception {
    try (Socket socket = connect()) {
      socket.getOutputStream().write('G');
      assertThat(socket.getInputStream().read()).isNegative();
    }
  }

  private Socket connect() throws Exception {
    return new Socket(endpoint.address().getAddress(), endpoint.address().getPort());
  }

  @Test
  void anAddressInUseIsNamed() {
    assertThatThrownBy(
            () -> MetricsEndpoint.start("vhost-device-sound", endpoint.address(), List.of()))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(String.valueOf(endpoint.address().getPort()))
        .hasMessageContaining("--metrics");
  }
}
