package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MissedCyclesTest {
  private final MissedCycles cycles = new MissedCycles();

  @Test
  void cyclesOneAfterTheOtherAreNoneMissed() {
    for (long position = 5000; position < 50_000; position += 1024) {
      assertThat(cycles.before(position, 1024)).isFalse();
    }
  }

  @Test
  void aClockThatIsTwoCyclesFurtherHasMissedOne() {
    cycles.before(5000, 1024);
    assertThat(cycles.before(5000 + 2048, 1024)).isTrue();
    assertThat(cycles.before(5000 + 3072, 1024)).isFalse();
  }

  @Test
  void severalBuffersInACycleMakeOneCycle() {
    cycles.before(0, 6144);
    cycles.before(0, 2048);
    assertThat(cycles.before(8192, 6144)).isFalse();
    assertThat(cycles.before(8192, 2048)).isFalse();
    assertThat(cycles.before(3 * 8192, 6144)).isTrue();
  }

  @Test
  void theLengthOfCyclesMayChange() {
    cycles.before(0, 2048);
    assertThat(cycles.before(2048, 512)).isFalse();
    assertThat(cycles.before(2048 + 512, 2048)).isFalse();
    assertThat(cycles.before(2048 + 512 + 2048, 2048)).isFalse();
  }

  @Test
  void aPauseIsNoMissedCycle() {
    cycles.before(0, 1024);
    cycles.reset();
    assertThat(cycles.before(100_000, 1024)).isFalse();
  }

  @Test
  void anotherDriversClockMayBeBehind() {
    cycles.before(100_000, 1024);
    assertThat(cycles.before(0, 1024)).isFalse();
    assertThat(cycles.before(1024, 1024)).isFalse();
  }
}
