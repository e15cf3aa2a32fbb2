package io.vhost4j.audio;

import java.util.List;

/** Where a channel's speaker stands (VIRTIO 5.14.6.9). */
@SuppressWarnings("EnumOrdinal") // the standard numbers them in this order
public enum ChannelPosition {
  /** Undefined. */
  NONE,
  /** Silent. */
  NA,
  MONO,
  FL,
  FR,
  RL,
  RR,
  FC,
  LFE,
  SL,
  SR,
  RC,
  FLC,
  FRC,
  RLC,
  RRC,
  FLW,
  FRW,
  FLH,
  FCH,
  FRH,
  TC,
  TFL,
  TFR,
  TFC,
  TRL,
  TRR,
  TRC,
  TFLC,
  TFRC,
  TSL,
  TSR,
  LLFE,
  RLFE,
  BC,
  BLC,
  BRC;

  private static final List<List<ChannelPosition>> STANDARD =
      List.of(
          List.of(),
          List.of(MONO),
          List.of(FL, FR),
          List.of(FL, FR, FC),
          List.of(FL, FR, RL, RR),
          List.of(FL, FR, FC, RL, RR),
          List.of(FL, FR, FC, LFE, RL, RR),
          List.of(FL, FR, FC, LFE, RC, SL, SR),
          List.of(FL, FR, FC, LFE, RL, RR, SL, SR));

  /** The value on the wire. */
  public int value() {
    return ordinal();
  }

  /**
   * The usual speakers of so many channels, in the order of WAV files and of PipeWire; empty beyond
   * 8 channels, where nothing is usual.
   */
  public static List<ChannelPosition> standard(int channels) {
    return channels < STANDARD.size() ? STANDARD.get(channels) : List.of();
  }
}
