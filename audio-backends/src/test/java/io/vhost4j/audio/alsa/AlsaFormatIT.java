package io.vhost4j.audio.alsa;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.NativeLibrary;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.alsa.lowlevel.LibAsound;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("jdk")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@ExtendWith(RealAlsa.class)
class AlsaFormatIT {
  private static final NativeLibrary ASOUND = NativeLibrary.getInstance(LibAsound.SONAME);

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "IMA_ADPCM")
  void isWhatLibasoundCallsByTheName(SampleFormat format) {
    int alsa = AlsaFormat.of(format);

    // S24_3 is S24_3LE but S24 is S24_LE; formats of one byte have no byte order.
    String name =
        switch (format) {
          case MU_LAW, A_LAW, S8, U8, DSD_U8 -> format.name();
          default -> format + (format.name().endsWith("_3") ? "LE" : "_LE");
        };
    assertThat(call("snd_pcm_format_value", name)).isEqualTo(alsa);
    assertThat(call("snd_pcm_format_physical_width", alsa)).isEqualTo(format.physicalBits());
  }

  private static int call(String function, Object argument) {
    return ASOUND.getFunction(function).invokeInt(new Object[] {argument});
  }
}
