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
                + " given once for each card, the values go by the order of the sockets.")
        .footer(
            "",
            "Prints READY once it listens, serves one frontend after the other, ends on SIGTERM.",
            "Exit status: 0 ended by a signal, 1 could not start, 2 wrong usage.");
    addOwnOptions(spec, backends);
    addBackendOptions(spec, backends);
    return new CommandLine(spec).setExpandAtFiles(false);
  }

  private static void addOwnOptions(CommandSpec spec, List<AudioBackendProvider> backends) {
    List<String> choice = new ArrayList<>(List.of("Where the sound goes:"));
    backends.forEach(
        backend -> choice.add("  %-9s %s".formatted(backend.name(), backend.description())));
    addSection(
        spec,
        "The cards:",
        list("PATH", Path.class, "--socket", "--socket-path")
            .description("Unix socket to listen on."),
        list("N", String.class, "--socket-fd", "--fd")
            .description("Inherited socket instead, listening or connected."),
        list("MODE", String.class, "--socket-mode")
            .description(
                "Octal permissions of the sockets; who may write may connect (default: by umask)."),
        list("GROUP", String.class, "--socket-group")
            .description("Group of the sockets, by name or number (default: the user's)."),
        list("NAME", String.class, "--backend").description(choice.toArray(String[]::new)),
        list("NAME", String.class, "--name")
            .description(
                "Name of the card in the log, in meters and in the host's mixer, which knows it by"
                    + " its name when it comes again (default: that of its socket)."),
        list("N", String.class, "--output-streams")
            .description("Playback streams of the card, 0 to 64 (default: 1)."),
        list("N", String.class, "--input-streams")
            .description("Capture streams of the card, 0 to 64 (default: 1)."),
        list("LIST", String.class, "--formats")
            .description(
                "Sample formats to offer where the backend has them, such as S16,FLOAT, or all"
                    + " (default: common, which is S16,S24_3,S24,S32,FLOAT)."),
        list("LIST", String.class, "--rates")
            .description(
                "Frame rates to offer where the backend has them, such as 44100,48000, or all"
                    + " (default: common, which is 44100 to 192000)."),
        list("N", String.class, "--channels")
            .description("Most channels to offer, 1 to 18 (default: 8)."),
        list("N", String.class, "--poll-us")
            .description(
                "Look at a ring that has run empty for up to N microseconds before sleeping, while"
                    + " buffers follow each other that closely: half the latency, for processor"
                    + " time (default: 0, never)."));
    addSection(
        spec,
        "The daemon:",
        list("LEVEL", String.class, "--log-level")
            .description("off, error, warn, info (default), debug or trace."),
        list("[ADDRESS:]PORT", String.class, "--metrics")
            .description(
                "Serve meters for Prometheus at http://ADDRESS:PORT/metrics (default address:"
                    + " 127.0.0.1)."));
    addSection(
        spec,
        "Print something and exit:",
        OptionSpec.builder("--print-qemu")
            .description("The arguments for QEMU that plug in the cards of this command line."),
        OptionSpec.builder("--print-capabilities").description("What the device can do, as JSON."),
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This text."),
        OptionSpec.builder("-V", "--version").versionHelp(true).description("The versions."));
  }

  private static void addSection(CommandSpec spec, String heading, OptionSpec.Builder... options) {
    ArgGroupSpec.Builder section = section(heading, spec.argGroups().size());
    for (OptionSpec.Builder option : options) {
      section.addArg(option.build());
    }
    spec.addArgGroup(section.build());
  }

  private static ArgGroupSpec.Builder section(String heading, int order) {
    return ArgGroupSpec.builder()
        .validate(false)
        .exclusive(false)
        .order(order)
        .heading("%n" + heading + "%n");
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
                        section(
                            "With --backend=" + String.join(" or ", who) + ":",
                            spec.argGroups().size() + sections.size()))
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

  /** Also what is given once is a list: picocli takes repetitions within a section in silence. */
  private static OptionSpec.Builder list(String label, Class<?> element, String... names) {
    return OptionSpec.builder(names)
        .paramLabel(label)
        .type(List.class)
        .auxiliaryTypes(element)
        .arity("1");
  }
}
