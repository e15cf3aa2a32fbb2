package io.vhost4j.device.sound;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.device.sound.wire.PcmFeature;
import io.vhost4j.device.sound.wire.PcmSetParams;
import io.vhost4j.device.sound.wire.Status;

/** Decides on the parameters of SET_PARAMS (A30 to A32). */
final class ParameterCheck {
  /**
   * What every stream offers: events on underruns and overruns. No polling (A54), as kicks cost
   * less than looking for nothing, and no shared memory (A30).
   */
  static final int FEATURES = PcmFeature.EVT_XRUNS.mask();

  /** Largest ring of audio; more than a second of anything, and backends keep as much (A33). */
  static final int MAX_BUFFER_BYTES = 1 << 25;

  private static final int SHMEM = PcmFeature.SHMEM_HOST.mask() | PcmFeature.SHMEM_GUEST.mask();

  private ParameterCheck() {}

  /**
   * What is wrong with the parameters.
   *
   * @return BAD_MSG for what makes no sense, NOT_SUPP for what makes sense but is not offered, else
   *     OK: then {@link #parameters} can be made of them
   */
  static Status check(PcmSetParams wanted, StreamCapabilities offered) {
    if (!makesSense(wanted)) {
      return Status.BAD_MSG;
    }
    boolean isOffered =
        (wanted.features() & ~FEATURES) == 0
            && (SampleFormat.of(wanted.format()).mask() & offered.formats()) != 0
            && (SampleRate.of(wanted.rate()).mask() & offered.rates()) != 0
            && wanted.channels() >= offered.minChannels()
            && wanted.channels() <= offered.maxChannels()
            && Integer.compareUnsigned(wanted.bufferBytes(), MAX_BUFFER_BYTES) <= 0;
    if (!isOffered) {
      return Status.NOT_SUPP;
    }
    return wanted.periodBytes() % parameters(wanted).frameBytes() == 0 ? Status.OK : Status.BAD_MSG;
  }

  private static boolean makesSense(PcmSetParams wanted) {
    return wanted.padding() == 0
        && (wanted.features() & ~PcmFeature.DEFINED) == 0
        && (wanted.features() & SHMEM) != SHMEM
        && SampleFormat.isDefined(wanted.format())
        && SampleRate.isDefined(wanted.rate())
        && wanted.channels() != 0
        && wanted.periodBytes() != 0
        && wanted.bufferBytes() != 0
        && Integer.remainderUnsigned(wanted.bufferBytes(), wanted.periodBytes()) == 0;
  }

  /** The parameters, which have passed {@link #check}. */
  static PcmParameters parameters(PcmSetParams wanted) {
    return new PcmParameters(
        SampleFormat.of(wanted.format()),
        SampleRate.of(wanted.rate()),
        wanted.channels(),
        wanted.bufferBytes(),
        wanted.periodBytes());
  }
}
