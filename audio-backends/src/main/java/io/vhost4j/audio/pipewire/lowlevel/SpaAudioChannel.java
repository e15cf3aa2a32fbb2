package io.vhost4j.audio.pipewire.lowlevel;

/** {@code enum spa_audio_channel} of {@code spa/param/audio/raw.h}. */
public final class SpaAudioChannel {
  public static final int MONO = 2;
  public static final int FL = 3;
  public static final int FR = 4;
  public static final int FC = 5;
  public static final int LFE = 6;
  public static final int SL = 7;
  public static final int SR = 8;
  public static final int RC = 11;
  public static final int RL = 12;
  public static final int RR = 13;

  /** The first of channels without a place in the room. */
  public static final int AUX0 = 0x1000;

  private SpaAudioChannel() {}
}
