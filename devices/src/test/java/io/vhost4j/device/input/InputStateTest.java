package io.vhost4j.device.input;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InputStateTest {
  private static final int SLOTS = 3;

  private static List<String> differences(InputState from, InputState to) {
    List<String> events = new ArrayList<>();
    from.differences(to, (type, code, value) -> events.add(type + " " + code + " " + value));
    return events;
  }

  private static InputState state(int... events) {
    InputState state = new InputState(SLOTS);
    for (int i = 0; i < events.length; i += 3) {
      state.apply(events[i], events[i + 1], events[i + 2]);
    }
    return state;
  }

  @Test
  void keysThatWereLetGoComeFirst() {
    InputState before = state(1, 30, 1, 1, 700, 1, 5, 0, 1);
    InputState after = state(1, 1, 1, 1, 700, 2, 5, 1, 1, 3, 0, -5);
    assertThat(differences(before, after))
        .containsExactly("1 30 0", "1 1 1", "5 0 0", "5 1 1", "3 0 -5");
  }

  @Test
  void aContactIsToldByItsSlotAndWhichFingerItIsFirst() {
    InputState before = state(3, 0x2f, 1, 3, 0x39, 7, 3, 0x35, 100);
    InputState after = state(3, 0x39, 8, 3, 0x35, 50);
    assertThat(differences(before, after))
        .containsExactly("3 47 0", "3 57 8", "3 53 50", "3 47 1", "3 57 -1", "3 53 0", "3 47 0");
  }

  @Test
  void whatIsAddedToAStateIsTheOther() {
    Random random = new Random(5);
    InputState one = new InputState(SLOTS);
    InputState other = new InputState(SLOTS);
    for (int round = 0; round < 2000; round++) {
      for (InputState each : List.of(one, other)) {
        switch (random.nextInt(4)) {
          case 0 -> each.apply(1, random.nextInt(0x300), random.nextInt(3));
          case 1 -> each.apply(5, random.nextInt(17), random.nextInt(2));
          case 2 -> each.apply(3, random.nextInt(0x2f), random.nextInt(5) - 2);
          default -> {
            each.apply(3, 0x2f, random.nextInt(SLOTS));
            each.apply(3, 0x30 + random.nextInt(14), random.nextInt(5) - 1);
          }
        }
      }
      InputState copy = new InputState(SLOTS);
      copy.set(one);
      one.differences(other, copy::apply);
      assertThat(differences(copy, other)).isEmpty();
      if (round % 10 == 0) {
        one.set(other);
      }
    }
  }

  @Test
  void releaseLetsGoOfKeysAndContactsAlone() {
    InputState held = state(1, 30, 1, 5, 1, 1, 3, 0, 9, 3, 0x39, 4);
    InputState before = state(1, 30, 1, 5, 1, 1, 3, 0, 9, 3, 0x39, 4);
    held.release();
    assertThat(differences(before, held)).containsExactly("1 30 0", "3 47 0", "3 57 -1");
  }
}
