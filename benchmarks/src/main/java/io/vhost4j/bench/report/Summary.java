package io.vhost4j.bench.report;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A report as Markdown, to be committed: every number in it comes from the run. */
public final class Summary {
  /** What the summary of a quick run says of itself. */
  public static final String QUICK =
      "A quick run: it shows that everything works, and its numbers mean nothing.";

  private static final String HOW =
      "Ratios are those of each round. The floor is shown once, of all its rounds, but each ratio is"
          + " to the floor of the same rounds. Not decided: the rounds lie further from each other"
          + " than their median from the limit.";

  /** Starts the part that is written by hand. */
  private static final String NOTES = "## Notes";

  private Summary() {}

  /**
   * The text of the file.
   *
   * @param picture name of the file with the {@link Picture}, beside it
   * @param before what the file held so far, empty if nothing: its notes are kept
   */
  public static String of(Results results, String picture, String before) {
    StringBuilder text = new StringBuilder();
    text.append("# Results\n\n");
    text.append("Written by the command below, but for the notes at the end.\n\n");
    text.append("```sh\n").append(results.command()).append("\n```\n\n");
    text.append(about(results)).append("\n\n");
    if (results.quick()) {
      text.append("**").append(QUICK).append("**\n\n");
    }
    text.append("![latency, throughput, processor time and memory](%s)\n\n".formatted(picture));
    text.append("## Goals\n\n").append(how(results)).append("\n\n");
    text.append(Tables.goals(Goals.of(results)).markdown()).append("\n\n");
    text.append("## Figures\n\n```\n").append(figures(results)).append("\n```\n");
    int notes = before.indexOf(NOTES);
    if (notes >= 0) {
      text.append("\n").append(before, notes, before.length());
    }
    return text.toString();
  }

  /** What the figures are. */
  static String how(Results results) {
    return results.conduct() + " " + HOW;
  }

  private static String figures(Results results) {
    StringBuilder text = new StringBuilder(eachPlace(results.latency(), Tables::latency));
    text.append("\n\n").append(eachPlace(results.throughput(), Tables::throughput));
    text.append("\n\n").append(Tables.scale(results.scale()));
    text.append("\n\n").append(Tables.footprint(results.footprint()));
    text.append("\n\n").append(Tables.allocation(results.allocation()));
    if (results.collections() != null) {
      text.append("\n\n").append(Tables.collections(results.collections()));
    }
    if (!results.guest().isEmpty()) {
      text.append("\n\n").append(Tables.guest(results.guest()));
    }
    return text.toString();
  }

  private static <T> String eachPlace(
      Map<String, List<T>> results, Function<List<T>, Table> table) {
    return results.entrySet().stream()
        .map(entry -> "processors: %s\n%s".formatted(entry.getKey(), table.apply(entry.getValue())))
        .collect(Collectors.joining("\n\n"));
  }

  /** Where and what was measured. */
  static String about(Results results) {
    Machine machine = results.machine();
    return "%s, on %s (%d processors), %s, measured by %s in %.0f minutes. %s. %s"
        .formatted(
            results.date(),
            machine.cpu(),
            machine.cpus(),
            machine.kernel(),
            machine.java(),
            results.minutes(),
            results.load(),
            results.versions().entrySet().stream()
                .map(entry -> "%s: %s.".formatted(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(" ")));
  }
}
