package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class SoundMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private double counter(String name, String... tags) {
    return registry.get("vhost.sound." + name).tags(tags).functionCounter().count();
  }

  @Test
  void metersTellWhatHappened() throws Exception {
    ScriptedBackend backend = ScriptedBackend.immediate();
    SoundDeviceConfig config = SoundDeviceConfig.builder().name("card").build();
    try (Rig rig = new Rig(config, backend)) {
      new SoundMetrics(rig.device).bindTo(registry);
      assertThat(counter("buffers", "stream", "0")).isZero();

      rig.started(0, Rig.CD);
      rig.play(0, Rig.audio(1, 1024));
      rig.play(0, Rig.audio(2, 511));
      rig.play(5, Rig.audio(3, 1024));
      backend.last().xrun();
      rig.loop.settle();
      rig.release(0);

      assertThat(counter("buffers", "device", "card", "stream", "0", "direction", "output"))
          .isEqualTo(2);
      assertThat(counter("bytes", "stream", "0")).isEqualTo(1024);
      assertThat(counter("frames", "stream", "0")).isEqualTo(256);
      assertThat(counter("io.errors", "stream", "0")).isEqualTo(1);
      assertThat(counter("xruns", "stream", "0")).isEqualTo(1);
      assertThat(counter("buffers", "stream", "1", "direction", "input")).isZero();
      assertThat(counter("stray.buffers")).isEqualTo(1);
      assertThat(counter("control.requests", "status", "ok")).isEqualTo(3);
      assertThat(counter("control.requests", "status", "bad_msg")).isEqualTo(1);
      assertThat(registry.get("vhost.sound.streams.running").gauge().value()).isEqualTo(1);
    }
  }
}
