package io.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the user gets wrong, or what is wrong with the backend, is one line that says so. */
class MistakesTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path directory;

  @Test
  void aQuickReportDoesNotTakeThePlaceOfAFullOne() throws IOException {
    Path figures = directory.resolve("RESULTS.md");
    Files.writeString(figures, "# Results\n");

    ProgramRun run = ProgramRun.of("report", "--quick", "--markdown", figures.toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).hasLineCount(2).contains(figures.toString());
    assertThat(figures).hasContent("# Results\n");
  }

  @Test
  void aSocketThatIsNotThereIsNamed() {
    Path socket = directory.resolve("none");

    ProgramRun run = ProgramRun.of("latency", "--quick", "--socket", socket.toString());

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).hasLineCount(1).contains(socket.toString(), "No such file");
  }

  @Test
  void aSocketThatNobodyListensAtIsNamed() throws IOException {
    Path socket = directory.resolve("dead");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(Files.exists(socket)).isTrue();

    ProgramRun run = ProgramRun.of("throughput", "--quick", "--socket", socket.toString());

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).hasLineCount(1).contains(socket.toString(), "refused");
  }

  @ParameterizedTest
  @ValueSource(strings = {"latency", "throughput", "scale"})
  void aCommandThatEndsIsQuotedWithItsLastWords(String mode) {
    ProgramRun run =
        ProgramRun.of(
            mode, "--quick", "--exec", "sh -c 'echo sorry:; echo no card; exit 3' {socket}");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).hasLineCount(1).contains("ended with status 3: sorry: / no card");
  }

  @ParameterizedTest
  @CsvSource({
    "latency --payload 65537, 65537",
    "latency --rate -1, -1",
    "latency --exec nonsense, {socket}",
    "latency --embedded --socket x, exclusive",
    "latency --queue-size 48, 48",
    "throughput --window 65, 65",
    "throughput --rounds 0, --rounds",
    "latency --device gpu, gpu",
    "scale --streams 0, 0",
    "scale --streams 65 --devices 1, 64",
    "scale --peer x, {socket}",
    "scale --exec {socket} --pace device, --pace=device",
    "gc --minutes 0, --minutes",
    "latency --poll-us -1, -1",
    "report --gc-minutes -1, -1",
    "loopback --machine xen, xen",
    "requests --machine xen, xen",
    "requests --device tape, tape",
    "report --device gpio, requests",
    "nonsense, nonsense",
  })
  void wrongUsageIsToldInOneLineAndAHint(String arguments, String told) {
    ProgramRun run = ProgramRun.of(arguments.split(" ", -1));

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).hasLineCount(2).contains(told, "--help");
  }
}
