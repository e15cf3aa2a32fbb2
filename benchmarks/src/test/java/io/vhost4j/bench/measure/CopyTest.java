package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CopyTest {
  @Test
  void aCopyTakesTimeThatGrowsWithThePayload() {
    assertThat(new Copy(1 << 24).nanosPerCopy(1)).isGreaterThan(new Copy(4).nanosPerCopy(1));
  }
}
