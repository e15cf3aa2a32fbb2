package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;

/** What arrived at the other end, gone through from the first frame to the last. */
final class Arrived {
  private final String where;
  private final Clip what;
  private int at;

  /**
   * @param where for messages
   */
  Arrived(String where, Clip what) {
    this.where = where;
    this.what = what;
  }

  /** The next frames are those of the clip, bit for bit. */
  Arrived then(Clip clip) {
    int equal = equalFrames(clip);
    assertThat(equal)
        .as("%s: frames of %d, from frame %d on, bit for bit", where, clip.frames(), frame())
        .isEqualTo(clip.frames());
    System.out.printf("%s: %d frames of %s, bit for bit%n", where, equal, clip);
    at += clip.bytes().length;
    return this;
  }

  /** The next frames are the clip's, but it may break off. */
  Arrived thenStartOf(Clip clip) {
    int equal = equalFrames(clip);
    System.out.printf(
        "%s: the first %d of %d frames of %s, bit for bit%n", where, equal, clip.frames(), clip);
    at += equal * what.frameBytes();
    return this;
  }

  /** Silence may follow, such as aplay sends behind the last period. */
  Arrived thenSilenceUpTo(int frames) {
    int start = at;
    while (at < what.bytes().length && what.bytes()[at] == what.alsaSilence()) {
      at++;
    }
    at -= at % what.frameBytes();
    assertThat((at - start) / what.frameBytes())
        .as("%s: frames of silence before frame %d", where, frame())
        .isLessThanOrEqualTo(frames);
    return this;
  }

  /** There is nothing more. */
  void end() {
    assertThat(what.frames()).as("%s: frames in all", where).isEqualTo(frame());
  }

  /** Frames gone through. */
  int frame() {
    return at / what.frameBytes();
  }

  private int equalFrames(Clip clip) {
    int length = Math.min(clip.bytes().length, what.bytes().length - at);
    int differs = Arrays.mismatch(clip.bytes(), 0, length, what.bytes(), at, at + length);
    return (differs < 0 ? length : differs) / what.frameBytes();
  }
}
