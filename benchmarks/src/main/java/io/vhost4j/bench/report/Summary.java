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
      "Ratios are those of each round. The floor is shown once, of all its rounds, but each ratio"
          + " is to the floor of the same rounds. Not decided: the rounds lie further from each"
          + " other than their median from the limit.";

  /** Starts the part that is written by hand. */
  private static final String NOTES = "## Notes";

  /** For people: what the figures of the ways to a device are worth. */
  public static final String LOOPBACK =
      "There is no hardware virtualisation here, so no figure is that of a machine that has it."
          + " Under QEMU every instruction of the guest is translated, some ten times slower, and"
          + " with loopback that is true of device and adapter too, while daemons outside run"
          + " natively: there ways by loopback compare with each other alone. User-mode Linux runs"
          + " all code natively, but system calls and wake-ups of programs in it take longer than"
          + " outside; it has two processors, but by vhost-user one, beside the daemons. The sound"
          + " device takes half of ALSA's buffer in 10 ms at most, so a buffer takes no less than"
          + " 0.3 ms, one of 60 KiB 1.2 ms. Of what one more KiB takes, what is beyond that by"
          + " vhost-user is the module's copy.";

  /** For people: what the figures of requests are of. */
  public static final String REQUESTS =
      "Here, our daemons simulate the hardware themselves. In user-mode Linux (UML) its kernel does"
          + " (gpio-sim, a bus of a test module, vcan), driver and daemons run beside each other in"
          + " it, and the native daemons on the same hardware; it runs their code natively, but"
          + " system calls and wake-ups take several times longer than outside. A read is one"
          + " message of so many bytes; a frame comes back when the device says that it is sent.";

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
    if (!results.loopback().isEmpty()) {
      text.append("\nLoopback: ").append(LOOPBACK).append("\n");
    }
    if (!results.requests().isEmpty()) {
      text.append("\nRequests: ").append(REQUESTS).append("\n");
    }
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
    if (!results.loopback().isEmpty()) {
      text.append("\n\n").append(Tables.loopback(results.loopback()));
      text.append("\n\n").append(Tables.copies(results.loopback()));
    }
    if (!results.requests().isEmpty()) {
      text.append("\n\n").append(Tables.requests(results.requests()));
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
