package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A36: every command in every state, through the control queue. */
class PcmStateTest {
  /** The table of A36, written down once more: what may follow each command. */
  private static final Map<String, Set<String>> NEXT =
      Map.of(
          "", Set.of("SET_PARAMS"),
          "SET_PARAMS", Set.of("SET_PARAMS", "PREPARE"),
          "PREPARE", Set.of("SET_PARAMS", "PREPARE", "START", "RELEASE"),
          "START", Set.of("STOP"),
          "STOP", Set.of("START", "RELEASE"),
          "RELEASE", Set.of("SET_PARAMS", "PREPARE"));

  /** A way to each state. */
  private static final Map<String, List<String>> WAY =
      Map.of(
          "", List.of(),
          "SET_PARAMS", List.of("SET_PARAMS"),
          "PREPARE", List.of("SET_PARAMS", "PREPARE"),
          "START", List.of("SET_PARAMS", "PREPARE", "START"),
          "STOP", List.of("SET_PARAMS", "PREPARE", "START", "STOP"),
          "RELEASE", List.of("SET_PARAMS", "PREPARE", "RELEASE"));

  private static final List<String> COMMANDS =
      List.of("SET_PARAMS", "PREPARE", "START", "STOP", "RELEASE");

  static Stream<Arguments> pairs() {
    return NEXT.keySet().stream()
        .flatMap(last -> COMMANDS.stream().map(command -> Arguments.of(last, command)));
  }

  @ParameterizedTest(name = "after \"{0}\": {1}")
  @MethodSource("pairs")
  void allowsWhatTheTableAllows(String last, String command) throws Exception {
    try (Rig rig = new Rig(ScriptedBackend.immediate())) {
      for (String step : way(last)) {
        assertThat(send(rig, step)).isEqualTo(Status.OK);
      }
      boolean isAllowed = follow(last).contains(command);
      assertThat(send(rig, command)).isEqualTo(isAllowed ? Status.OK : Status.BAD_MSG);
    }
  }

  /** A refused command changes nothing: what follows shows it. */
  @Test
  void allWalksOfFiveCommandsAgreeWithTheTable() throws Exception {
    try (Rig rig = new Rig(ScriptedBackend.immediate())) {
      Queue<List<String>> walks = new ArrayDeque<>();
      walks.add(List.of());
      int steps = 0;
      while (!walks.isEmpty()) {
        List<String> walk = walks.remove();
        rig.device.reset();
        rig.loop.settle();
        String last = "";
        for (String command : walk) {
          boolean isAllowed = follow(last).contains(command);
          assertThat(send(rig, command))
              .as("%s in %s", command, walk)
              .isEqualTo(isAllowed ? Status.OK : Status.BAD_MSG);
          last = isAllowed ? command : last;
          steps++;
        }
        if (walk.size() < 5) {
          for (String command : COMMANDS) {
            walks.add(Stream.concat(walk.stream(), Stream.of(command)).toList());
          }
        }
      }
      assertThat(steps).isGreaterThan(5 * 3125);
    }
  }

  private static Set<String> follow(String last) {
    return NEXT.getOrDefault(last, Set.of());
  }

  private static List<String> way(String state) {
    return WAY.getOrDefault(state, List.of());
  }

  private static Status send(Rig rig, String command) throws Exception {
    return command.equals("SET_PARAMS")
        ? rig.setParams(0, Rig.CD)
        : rig.command(RequestCode.valueOf("PCM_" + command), 0);
  }
}
