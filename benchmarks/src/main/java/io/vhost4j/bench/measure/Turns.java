package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Has subjects take turns: each once in every round, in an order that is drawn anew for each round.
 * So what one leaves behind (a warm cache, a busy disk) and what else the machine does hits all
 * alike.
 */
public final class Turns {
  private final Random orders;
  private final LoadWatch watch;
  private final LongConsumer passed;

  /**
   * Turns of which none has been taken.
   *
   * @param seed decides the orders
   * @param watch looks at the machine before each turn
   * @param passed told of the nanoseconds of each turn when it is over
   */
  public Turns(long seed, LoadWatch watch, LongConsumer passed) {
    orders = new Random(seed);
    this.watch = watch;
    this.passed = passed;
  }

  /**
   * One turn.
   *
   * @param <S> whose turn it is
   * @param <R> what comes out
   */
  @FunctionalInterface
  interface Turn<S, R> {
    R take(S subject, long nanos) throws BenchException;
  }

  /** As {@link #take(List, Rounds, Turn, Turn)}, with a warm-up that is no different. */
  <S, R> List<List<R>> take(List<S> subjects, Rounds rounds, Turn<S, R> turn)
      throws BenchException {
    return take(subjects, rounds, turn, turn);
  }

  /**
   * Warms each subject up and then has them take their turns.
   *
   * @return what came out, by subject and round
   */
  <S, R> List<List<R>> take(List<S> subjects, Rounds rounds, Turn<S, ?> warmUp, Turn<S, R> turn)
      throws BenchException {
    List<List<R>> results = new ArrayList<>();
    for (S subject : subjects) {
      warmUp.take(subject, rounds.warmUpNanos());
      passed.accept(rounds.warmUpNanos());
      results.add(new ArrayList<>());
    }
    List<Integer> order = new ArrayList<>(IntStream.range(0, subjects.size()).boxed().toList());
    for (int round = 0; round < rounds.count(); round++) {
      Collections.shuffle(order, orders);
      for (int i : order) {
        watch.look();
        results.get(i).add(turn.take(subjects.get(i), rounds.nanos()));
        passed.accept(rounds.nanos());
      }
    }
    return results;
  }
}
