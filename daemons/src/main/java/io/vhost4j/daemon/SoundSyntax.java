package io.vhost4j.daemon;

import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The options of {@code vhost-device-sound}, as picocli knows them. */
final class SoundSyntax {
  private SoundSyntax() {}

  /** The syntax with the options that {@code backends} bring along. */
  static CommandLine of(List<AudioBackendProvider> backends, String... version)
      throws StartException {
    String name = SoundCommandLine.NAME;
    CommandSpec spec = CommandSpec.create().name(name).version(version);
    spec.usageMessage()
        .width(80)
        .sortOptions(false)
        .customSynopsis(
            name + " --socket=PATH... --backend=NAME [OPTION...]",
            "       " + name + " --socket-fd=N... --backend=NAME [OPTION...]")
        .description(
            "",
            "A virtio sound card for virtual machines, as a vhost-user backend.",
            "Each socket is a sound card of its own. An option given once holds for all cards;"
                + " given once for each card, the values go by the order of the sockets.",
            "")
        .footer(
            "",
            "Prints READY once it listens, serves one frontend after the other, ends on SIGTERM.",
            "Exit status: 0 ended by a signal, 1 could not start, 2 wrong usage.");
    addOwnOptions(spec, backends);
    addBackendOptions(spec, backends);
    return new CommandLine(spec).setExpandAtFiles(false).setCaseInsensitiveEnumValuesAllowed(true);
  }

  private static void addOwnOptions(CommandSpec spec, List<AudioBackendProvider> backends) {
    List<String> choice = new ArrayList<>(List.of("Where the sound goes:"));
    backends.forEach(
        backend -> choice.add("  %-9s %s".formatted(backend.name(), backend.description())));
    spec.addOption(
            list("PATH", Path.class, "--socket", "--socket-path")
                .description("Unix socket to listen on.")
                .build())
        .addOption(
            list("N", Integer.class, "--socket-fd", "--fd")
                .description("Inherited socket instead, listening or connected.")
                .build())
        .addOption(
            list("NAME", String.class, "--backend")
                .description(choice.toArray(String[]::new))
                .build())
        .addOption(
            list("N", Integer.class, "--output-streams")
                .description("Playback streams of the card (default: 1).")
                .build())
        .addOption(
            list("N", Integer.class, "--input-streams")
                .description("Capture streams of the card (default: 1).")
                .build())
        .addOption(
            list("N", Long.class, "--poll-us")
                .description(
                    "Look at a ring that has run empty for up to N microseconds before sleeping,"
                        + " while buffers follow each other that closely: half the latency, for"
                        + " processor time (default: 0, never).")
                .build())
        .addOption(
            OptionSpec.builder("--log-level")
                .paramLabel("LEVEL")
                .type(LogLevel.class)
                .defaultValue("info")
                .description("off, error, warn, info (default), debug or trace.")
                .build())
        .addOption(
            OptionSpec.builder("--metrics")
                .paramLabel("[ADDRESS:]PORT")
                .type(String.class)
                .description(
                    "Serve meters for Prometheus at http://ADDRESS:PORT/metrics (default address:"
                        + " 127.0.0.1).")
                .build())
        .addOption(
            OptionSpec.builder("--print-capabilities")
                .description("Print what the device can do as JSON and exit.")
                .build())
        .mixinStandardHelpOptions(true);
  }

  /** One section for each set of backends that share options. */
  private static void addBackendOptions(CommandSpec spec, List<AudioBackendProvider> backends)
      throws StartException {
    Map<String, AudioOption> options = new LinkedHashMap<>();
    Map<String, List<String>> owners = new LinkedHashMap<>();
    for (AudioBackendProvider backend : backends) {
      for (AudioOption option : backend.options()) {
        if (spec.findOption("--" + option.name()) != null) {
          throw new StartException(
              "the audio backend %s has an option --%s, which the daemon has already: remove its jar"
                  .formatted(backend.name(), option.name()));
        }
        options.putIfAbsent(option.name(), option);
        owners.computeIfAbsent(option.name(), name -> new ArrayList<>()).add(backend.name());
      }
    }
    Map<List<String>, ArgGroupSpec.Builder> sections = new LinkedHashMap<>();
    options.forEach(
        (name, option) ->
            sections
                .computeIfAbsent(
                    owners.getOrDefault(name, List.of()),
                    who ->
                        ArgGroupSpec.builder()
                            .validate(false)
                            .exclusive(false)
                            .order(sections.size())
                            .heading("%nWith --backend=" + String.join(" or ", who) + ":%n"))
                .addArg(backendOption(option)));
    sections.values().forEach(section -> spec.addArgGroup(section.build()));
  }

  private static OptionSpec backendOption(AudioOption option) {
    boolean isSwitch = option.label().isEmpty();
    String shown =
        isSwitch || option.defaultValue().isEmpty()
            ? option.description()
            : option.description() + " (default: " + option.defaultValue() + ")";
    OptionSpec.Builder builder =
        isSwitch
            ? list("true|false", Boolean.class, "--" + option.name())
                .arity("0..1")
                .fallbackValue("true")
            : list(option.label(), String.class, "--" + option.name());
    // Picocli takes descriptions for format strings.
    return builder.description(shown.replace("%", "%%")).build();
  }

  private static OptionSpec.Builder list(String label, Class<?> element, String... names) {
    return OptionSpec.builder(names)
        .paramLabel(label)
        .type(List.class)
        .auxiliaryTypes(element)
        .arity("1");
  }
}
