package io.vhost4j.bench.floor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vhost4j.bench.measure.RoundTrip;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EchoTest {
  private static void answersAndEnds(Echo echo) throws Exception {
    ProcessHandle process = ProcessHandle.of(echo.pid().orElseThrow()).orElseThrow();
    try (echo) {
      RoundTrip roundTrip = echo.roundTrip(4);
      for (int i = 0; i < 1000; i++) {
        roundTrip.run();
      }
      assertThat(echo.flow(4, 1, 1).buffers()).isEqualTo(1);
      assertThat(process.isAlive()).isTrue();
    }
    process.onExit().get(10, TimeUnit.SECONDS);
  }

  @Test
  void aSecondJvmAnswersEverySignalAndEndsWithItsPeer() throws Exception {
    Echo echo = Echo.startJava();
    assertThat(echo.name()).isEqualTo("floor (Java echo)");
    answersAndEnds(echo);
  }

  @Test
  void aCompiledProgramAnswersEverySignalAndEndsWithItsPeer() throws Exception {
    Echo echo = Echo.start();
    boolean compiled = echo.kind() == Echo.Kind.C;
    answersAndEnds(echo);
    assumeTrue(compiled, "no C compiler");
  }
}
