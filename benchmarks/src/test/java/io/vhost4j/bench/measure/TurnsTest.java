package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.bench.target.BenchException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TurnsTest {
  private static final List<String> SUBJECTS = List.of("a", "b", "c", "d");
  private static final Rounds ROUNDS = new Rounds(6, 10, 1);

  private final LoadWatch watch = new LoadWatch();
  private final List<String> taken = new ArrayList<>();
  private long passed;

  private List<List<String>> take(long seed) throws BenchException {
    return new Turns(seed, watch, nanos -> passed += nanos)
        .take(
            SUBJECTS,
            ROUNDS,
            (subject, nanos) -> {
              taken.add(subject + nanos);
              return subject + taken.size();
            });
  }

  private List<List<String>> rounds() {
    List<List<String>> rounds = new ArrayList<>();
    for (int from = SUBJECTS.size(); from < taken.size(); from += SUBJECTS.size()) {
      rounds.add(List.copyOf(taken.subList(from, from + SUBJECTS.size())));
    }
    return rounds;
  }

  @Test
  void eachRoundHasEverySubjectOnceInAnotherOrder() throws BenchException {
    take(1);

    assertThat(taken.subList(0, 4)).containsExactly("a1", "b1", "c1", "d1");
    assertThat(rounds())
        .hasSize(6)
        .allSatisfy(
            round -> assertThat(round).containsExactlyInAnyOrder("a10", "b10", "c10", "d10"));
    assertThat(rounds().stream().distinct()).hasSizeGreaterThan(3);
    assertThat(passed).isEqualTo(4 + 6 * 4 * 10);
  }

  @Test
  void theSeedDecidesTheOrder() throws BenchException {
    take(7);
    List<List<String>> first = rounds();
    taken.clear();
    take(7);
    assertThat(rounds()).isEqualTo(first);
    taken.clear();
    take(8);
    assertThat(rounds()).isNotEqualTo(first);
  }

  @Test
  void resultsAreThoseOfTheSubjectWheneverItsTurnWas() throws BenchException {
    List<List<String>> results = take(3);

    assertThat(results).hasSize(4).allMatch(own -> own.size() == 6);
    for (int i = 0; i < SUBJECTS.size(); i++) {
      String subject = SUBJECTS.get(i);
      assertThat(results.get(i)).allMatch(result -> result.startsWith(subject));
    }
  }

  @Test
  void theMachineIsLookedAtBeforeEachTurn() throws BenchException {
    take(1);

    assertThat(watch.seen().looks()).isEqualTo(24);
  }
}
