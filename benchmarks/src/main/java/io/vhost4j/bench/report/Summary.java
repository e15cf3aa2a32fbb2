package io.vhost4j.bench.report;

import java.util.stream.Collectors;

/** A report as Markdown, to be committed: every number in it comes from the run. */
public final class Summary {
  /** What the summary of a quick run says of itself. */
  public static final String QUICK =
      "A quick run: it shows that everything works, and its numbers mean nothing.";

  static final String HOW =
      "Figures are medians of rounds in which the subjects took turns, and ratios the medians of the"
          + " ratios of each round. The floor is shown once, as the median of all its rounds, but each"
          + " ratio is to the floor of the same rounds.";

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
    text.append("## Goals\n\n").append(HOW).append(" %d rounds.\n\n".formatted(results.rounds()));
    text.append(Tables.goals(Goals.of(results)).markdown()).append("\n\n");
    text.append("## Figures\n\n```\n").append(figures(results)).append("\n```\n");
    int notes = before.indexOf(NOTES);
    if (notes >= 0) {
      text.append("\n").append(before, notes, before.length());
    }
    return text.toString();
  }

  private static String figures(Results results) {
    String latency =
        results.latency().entrySet().stream()
            .map(
                entry ->
                    "processors: %s\n%s"
                        .formatted(entry.getKey(), Tables.latency(entry.getValue())))
            .collect(Collectors.joining("\n\n"));
    StringBuilder text = new StringBuilder(latency);
    text.append("\n\n").append(Tables.throughput(results.throughput()));
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

  /** Where and what was measured. */
  static String about(Results results) {
    Machine machine = results.machine();
    return "%s, on %s (%d processors), %s, measured by %s; load at the start %s. %s"
        .formatted(
            results.date(),
            machine.cpu(),
            machine.cpus(),
            machine.kernel(),
            machine.java(),
            machine.load(),
            results.versions().entrySet().stream()
                .map(entry -> "%s: %s.".formatted(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(" ")));
  }
}
