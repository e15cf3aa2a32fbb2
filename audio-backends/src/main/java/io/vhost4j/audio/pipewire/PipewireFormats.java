package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.pipewire.lowlevel.SpaAudioChannel;
import io.vhost4j.audio.pipewire.lowlevel.SpaAudioFormat;
import java.util.List;

/** What PipeWire's converter takes, in virtio-sound's terms. */
final class PipewireFormats {
  /** Channels of a virtio-sound channel map (VIRTIO 5.14.6.9.1). */
  private static final int MAX_CHANNELS = 18;

  private static final int UNKNOWN = 0;

  /** Frames of the graph's longest cycle, and half as many again as PipeWire reckons. */
  private static final int LONGEST_CYCLE = 8192 * 3 / 2;

  private static final int LOWEST_GRAPH_RATE = 44100;

  private PipewireFormats() {}

  /** All that the converter takes: it resamples any rate and mixes any number of channels. */
  static StreamCapabilities capabilities() {
    long formats = 0;
    for (SampleFormat format : SampleFormat.values()) {
      if (spaFormat(format) != UNKNOWN) {
        formats |= format.mask();
      }
    }
    long rates = 0;
    for (SampleRate rate : SampleRate.values()) {
      rates |= rate.mask();
    }
    return new StreamCapabilities(formats, rates, 1, MAX_CHANNELS);
  }

  /**
   * One of {@link SpaAudioFormat}, or 0. The 24-bit formats swap their names: virtio's S24 has 4
   * bytes (Linux maps it to SNDRV_PCM_FORMAT_S24_LE) and its S24_3 has 3. For unsigned formats of
   * more than a byte PipeWire has names but no converter.
   */
  static int spaFormat(SampleFormat format) {
    return switch (format) {
      case S8 -> SpaAudioFormat.S8;
      case U8 -> SpaAudioFormat.U8;
      case S16 -> SpaAudioFormat.S16_LE;
      case S24_3 -> SpaAudioFormat.S24_LE;
      case S24 -> SpaAudioFormat.S24_32_LE;
      case S32 -> SpaAudioFormat.S32_LE;
      case FLOAT -> SpaAudioFormat.F32_LE;
      case FLOAT64 -> SpaAudioFormat.F64_LE;
      case MU_LAW -> SpaAudioFormat.ULAW;
      case A_LAW -> SpaAudioFormat.ALAW;
      default -> UNKNOWN;
    };
  }

  /**
   * The places of so many channels in the room, in {@link SpaAudioChannel}s: those that the guest
   * reads as a channel map. Channels that have none there are numbered.
   */
  static int[] positions(int channels) {
    List<ChannelPosition> standard = ChannelPosition.standard(channels);
    int[] positions = new int[channels];
    for (int i = 0; i < channels; i++) {
      positions[i] = standard.isEmpty() ? SpaAudioChannel.AUX0 + i : spaChannel(standard.get(i));
    }
    return positions;
  }

  private static int spaChannel(ChannelPosition position) {
    return switch (position) {
      case MONO -> SpaAudioChannel.MONO;
      case FL -> SpaAudioChannel.FL;
      case FR -> SpaAudioChannel.FR;
      case FC -> SpaAudioChannel.FC;
      case LFE -> SpaAudioChannel.LFE;
      case RL -> SpaAudioChannel.RL;
      case RR -> SpaAudioChannel.RR;
      case RC -> SpaAudioChannel.RC;
      case SL -> SpaAudioChannel.SL;
      case SR -> SpaAudioChannel.SR;
      default -> UNKNOWN;
    };
  }

  /**
   * Bytes of a buffer that holds the longest cycle. PipeWire 1.4 converts in buffers with as many
   * bytes as this one for each channel, and writes past their end if a cycle's samples, as floats,
   * are more: what S16 needs is too little for mono, and so there is room for floats here.
   */
  static int bufferBytes(PcmParameters parameters) {
    int scale = Math.max(1, ceilDiv(parameters.rate().hertz(), LOWEST_GRAPH_RATE));
    return LONGEST_CYCLE * scale * Math.max(Float.BYTES, parameters.frameBytes());
  }

  private static int ceilDiv(int dividend, int divisor) {
    return (dividend + divisor - 1) / divisor;
  }
}
