package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Gauge;
import java.io.File;
import java.net.ConnectException;
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
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
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
    "GET, //, 400",
    "HEAD, /nothing, 404",
    "POST, /metrics, 405",
    "DELETE, /, 405",
  })
  void everyRequestGetsItsStatus(String method, String path, int status) throws Exception {
    assertThat(send(method, path).statusCode()).isEqualTo(status);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/metrics", "/"})
  void headIsGetWithoutTheBody(String path) throws Exception {
    String get = said("GET " + path + " HTTP/1.1\r\n\r\n");
    String head = said("HEAD " + path + " HTTP/1.1\r\n\r\n");

    assertThat(head).endsWith("\r\n\r\n").startsWith("HTTP/1.1 200 OK\r\n");
    assertThat(get).startsWith(head).hasSizeGreaterThan(head.length());
  }

  @ParameterizedTest
  @CsvSource({
    "'GET /metrics HTTP/1.0\n\n', HTTP/1.1 200",
    "'GET http://here/metrics HTTP/1.1\r\nHost: here\r\n\r\n', HTTP/1.1 200",
    "'GET /metrics\r\n\r\n', HTTP/1.1 400",
    "'GET ^ HTTP/1.1\r\n\r\n', HTTP/1.1 400",
    "'\r\n\r\n', HTTP/1.1 400",
    "'\u0016\u0003\u0001\n\n', HTTP/1.1 400",
    "'POST /metrics HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody', HTTP/1.1 405",
  })
  void whatIsNoRequestIsAnswered(String request, String answer) throws Exception {
    assertThat(said(request.translateEscapes())).startsWith(answer + " ");
  }

  @Test
  void aRequestWithoutEndIsAnswered() throws Exception {
    assertThat(said("GET /metrics HTTP/1.1\r\nX: " + "x".repeat(100_000)))
        .startsWith("HTTP/1.1 431 ");
  }

  @Test
  void clientsThatAreSlowHoldUpNobody() throws Exception {
    List<Socket> slow = new ArrayList<>();
    assertThat(send("GET", "/metrics").statusCode()).isEqualTo(200); // what that opens stays open
    int before = openDescriptors();
    try {
      for (int i = 0; i < 3 * HttpListener.MAX_CONNECTIONS; i++) {
        Socket socket = connect();
        socket.getOutputStream().write("GET /metrics HT".getBytes(StandardCharsets.UTF_8));
        slow.add(socket);
        if (i % HttpListener.MAX_CONNECTIONS == 0) {
          assertThat(send("GET", "/metrics").statusCode()).isEqualTo(200);
        }
      }
      assertThat(send("GET", "/metrics").statusCode()).isEqualTo(200);
      // Both ends are of this process. Of too many, the oldest have gone.
      assertThat(openDescriptors() - before)
          .isLessThan(slow.size() + HttpListener.MAX_CONNECTIONS + 10);
      assertThat(slow.get(0).getInputStream().read()).isNegative();
      slow.get(slow.size() - 1)
          .getOutputStream()
          .write("TP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      assertThat(slow.get(slow.size() - 1).getInputStream().read()).isEqualTo('H');
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void aClientThatNeverEndsIsHungUpOn() throws Exception {
    try (Socket socket = connect()) {
      socket.getOutputStream().write('G');
      assertThat(socket.getInputStream().read()).isNegative();
    }
  }

  @Test
  void closingEndsConnectionsToo() throws Exception {
    try (Socket socket = connect()) {
      send("GET", "/metrics");
      endpoint.close();
      assertThat(socket.getInputStream().read()).isNegative();
    }
    assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
  }

  private static int openDescriptors() {
    return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
  }

  private Socket connect() throws Exception {
    return new Socket(endpoint.address().getAddress(), endpoint.address().getPort());
  }

  /** Sends bytes and returns all that comes until the other side has finished. */
  private String said(String request) throws Exception {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void anAddressInUseIsNamed() {
    assertThatThrownBy(() -> MetricsEndpoint.start(endpoint.address(), List.of()))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(String.valueOf(endpoint.address().getPort()))
        .hasMessageContaining("--metrics");
  }
}
