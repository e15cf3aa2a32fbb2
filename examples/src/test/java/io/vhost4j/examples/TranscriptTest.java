package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TranscriptTest {
  private final byte[] given = new byte[1000];

  TranscriptTest() {
    Transcript transcript = new Transcript(new SplittableRandom(1));
    for (int i = 0; i < given.length; i++) {
      given[i] = (byte) transcript.nextInt();
    }
    assertThat(transcript.bytes()).isEqualTo(given);
  }

  @Test
  void piecesInTheSameOrderAreAllFound() {
    byte[] read = Arrays.copyOfRange(given, 64, 600);
    System.arraycopy(given, 664, read, 300, read.length - 300);

    assertThat(Transcript.commonBytes(read, given, 16)).isEqualTo(read.length);
  }

  @Test
  void aByteThatWasNotGivenIsFound() {
    byte[] read = Arrays.copyOfRange(given, 64, 600);
    read[200] ^= 1;

    assertThat(Transcript.commonBytes(read, given, 16)).isEqualTo(200);
  }

  @Test
  void aPieceOutOfOrderIsFound() {
    byte[] read = Arrays.copyOfRange(given, 500, 600);
    System.arraycopy(given, 0, read, 50, 50);

    assertThat(Transcript.commonBytes(read, given, 16)).isEqualTo(50);
  }
}
