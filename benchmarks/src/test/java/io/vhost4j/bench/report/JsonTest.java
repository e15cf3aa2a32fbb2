package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonTest {
  /** A result. */
  public record Sample(String name, double value, @Nullable Double missing, List<double[]> pairs) {}

  @Test
  void recordsBecomeObjectsWithTheirComponents() {
    Sample sample = new Sample("a \"b\"\n", 1.25, null, List.of(new double[] {1, Double.NaN}));

    assertThat(Json.of(sample).replace("\n", ""))
        .isEqualTo(
            "{\"name\": \"a \\\"b\\\"\\u000a\",\"value\": 1.25,\"missing\": null,"
                + "\"pairs\": [[1, null]]}");
  }

  @Test
  void mapsListsAndNumbersAreWritten() {
    assertThat(Json.of(Map.of("x", List.of(1, 2L, true, 0.1 + 0.2))))
        .isEqualTo("{\n\"x\": [1, 2, true, 0.3]\n}");
  }
}
