package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.LoadWatch;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A subject has one colour, in every chart and legend, whoever else is beside it. */
class ColoursTest {
  private static final List<String> LINEUP =
      List.of("floor (C echo)", "vhost4j", "peer", "vhost4j --poll-us 200");

  private static LatencyResult latency(String subject) {
    Percentiles one = Percentiles.all(Spread.of(1));
    List<double[]> line = List.of(new double[] {0, 1, 1}, new double[] {50, 2, 2});
    return new LatencyResult(subject, "closed", 1920, 9, one, one, null, line, line);
  }

  private static Results results(Stream<String> lineup) {
    List<String> subjects = lineup.toList();
    Spread one = Spread.of(1);
    return new Results(
        "",
        1,
        "",
        Map.of(),
        Machine.here(),
        new LoadWatch().seen(),
        true,
        "",
        Map.of("apart", subjects.stream().map(ColoursTest::latency).toList()),
        Map.of(
            "apart",
            subjects.stream()
                .map(s -> new ThroughputResult(s, 1920, 16, one, 1, 1, 1, one, null, 1))
                .toList()),
        Stream.of("vhost4j driver", "peer driver", "vhost4j device")
            .map(load -> load.split(" ", -1))
            .filter(load -> subjects.contains(load[0]))
            .map(l -> new ScaleResult(l[0], l[1], 1, 1, 1, one, 1, 1, 0, 1, 0, 1, null))
            .toList(),
        List.of(),
        List.of(),
        null,
        List.of(),
        List.of(),
        List.of());
  }

  /** The colours that the legends of a page give to each subject. */
  private static Map<String, Set<String>> colours(String page) {
    Map<String, Set<String>> colours = new TreeMap<>();
    for (MatchResult found :
        Pattern.compile("<span class=\"(s[0-9])[^\"]*\">([^<]*)</span>")
            .matcher(page)
            .results()
            .toList()) {
      colours
          .computeIfAbsent(found.group(2).replaceFirst(", pace.*", ""), name -> new TreeSet<>())
          .add(found.group(1));
    }
    return colours;
  }

  @Test
  void aSubjectHasOneColourAndNoOtherHasIt() {
    Map<String, Set<String>> colours = colours(Page.of(results(LINEUP.stream())));

    assertThat(colours).containsOnlyKeys(LINEUP);
    assertThat(colours.values()).allMatch(each -> each.size() == 1).doesNotHaveDuplicates();
    assertThat(colours).containsEntry("floor (C echo)", Set.of("s0"));
  }

  @Test
  void thePictureHasTheColoursOfThePage() {
    Results results = results(LINEUP.stream());
    Charts charts = new Charts(results);

    String picture = Picture.of(results);

    for (String subject : LINEUP) {
      assertThat(picture)
          .containsPattern(
              "line "
                  + charts.style(subject)
                  + "\" d=\"M[0-9]+ [0-9]+h24\"/><text[^>]*>"
                  + Pattern.quote(subject));
    }
  }

  @Test
  void whatTheDeviceTimesIsDashed() {
    assertThat(Page.of(results(LINEUP.stream())))
        .contains(
            "<span class=\"s1\">vhost4j, pace: driver",
            "<span class=\"s1 dashed\">vhost4j, pace: device")
        .contains("class=\"line s1 dashed\"");
  }
}
