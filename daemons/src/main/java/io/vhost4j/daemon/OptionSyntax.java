package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOption.Condition;
import io.vhost4j.device.DeviceOption.Values;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.device.VirtioDeviceProvider.SocketOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The options of a daemon, as picocli knows them. */
final class OptionSyntax {
  private OptionSyntax() {}

  /**
   * The syntax with the options that {@code provider} brings along.
   *
   * @throws StartException if one of these has a name that is taken
   */
  static CommandLine of(String program, VirtioDeviceProvider provider, String... version)
      throws StartException {
    CommandSpec spec = CommandSpec.create().name(program).version(version);
    spec.usageMessage()
        .width(80)
        .sortOptions(false)
        .customSynopsis(synopsis(program, provider))
        .description(
            "",
            escaped(provider.summary()) + " for virtual machines, as a vhost-user backend.",
            "Each socket is a device of its own. An option given once holds for all devices,"
                + " unless it is a list with a value for each; given once for each device, the"
                + " values go by the order of the sockets.")
        .footer(
            "",
            "Prints READY once it listens, serves one frontend after the other, ends on SIGTERM.",
            "Exit status: 0 ended by a signal, 1 could not start, 2 wrong usage.",
            "With --make-archive alone it makes the class archive, which halves the time of a"
                + " start.");
    addOwnOptions(spec, provider);
    addConditionalOptions(spec, provider);
    return new CommandLine(spec).setExpandAtFiles(false);
  }

  private static String[] synopsis(String program, VirtioDeviceProvider provider) {
    StringBuilder rest = new StringBuilder();
    for (DeviceOption option : provider.options()) {
      if (!option.purpose().isEmpty()) {
        rest.append(" --").append(option.name()).append('=').append(option.label());
      }
    }
    rest.append(" [OPTION...]");
    List<String> lines = new ArrayList<>();
    lines.add("%s --socket=PATH...%s".formatted(program, rest));
    if (provider.socketOptions() == SocketOptions.COUNTED) {
      lines.add("       %s -s PATH [-c N]%s".formatted(program, rest));
    }
    lines.add("       %s --socket-fd=N...%s".formatted(program, rest));
    return lines.toArray(String[]::new);
  }

  private static void addOwnOptions(CommandSpec spec, VirtioDeviceProvider provider)
      throws StartException {
    List<OptionSpec.Builder> devices = new ArrayList<>(sockets(provider.socketOptions()));
    for (DeviceOption option : provider.options()) {
      if (option.condition() == null) {
        devices.add(option(option));
      }
    }
    devices.add(option(OptionDealer.NAME));
    devices.add(option(OptionDealer.POLL_US));
    if (provider.hasControl()) {
      devices.add(option(OptionDealer.CONTROL));
    }
    addSection(spec, provider.name(), "The devices:", devices);
    addSection(
        spec,
        provider.name(),
        "The daemon:",
        List.of(
            list("LEVEL", String.class, "--log-level")
                .description("off, error, warn, info (default), debug or trace."),
            list("[ADDRESS:]PORT", String.class, "--metrics")
                .description(
                    "Serve meters for Prometheus at http://ADDRESS:PORT/metrics (default address:"
                        + " 127.0.0.1).")));
    addSection(
        spec,
        provider.name(),
        "Print something and exit:",
        List.of(
            OptionSpec.builder("--print-qemu")
                .description(
                    "The arguments for QEMU that plug in the devices of this command line."),
            OptionSpec.builder("--print-capabilities")
                .description("What the device can do, as JSON."),
            OptionSpec.builder("--print-manual").description("The manual page, for 'man -l -'."),
            OptionSpec.builder("-h", "--help").usageHelp(true).description("All options."),
            OptionSpec.builder("-V", "--version").versionHelp(true).description("The versions.")));
  }

  private static List<OptionSpec.Builder> sockets(SocketOptions options) {
    List<OptionSpec.Builder> sockets = new ArrayList<>();
    String[] names =
        switch (options) {
          case LONG -> new String[] {"--socket", "--socket-path"};
          case SHORT -> new String[] {"--socket", "--socket-path", "-s"};
          case COUNTED -> new String[] {"--socket"};
        };
    sockets.add(list("PATH", Path.class, names).description("Unix socket to listen on."));
    if (options == SocketOptions.COUNTED) {
      sockets.add(
          list("PATH", String.class, SocketDealer.PREFIX, "-s")
              .description("What the sockets are called but for a number: PATH0, PATH1 ..."));
      sockets.add(option(SocketDealer.COUNT));
    }
    sockets.add(
        list("N", String.class, "--socket-fd", "--fd")
            .description("Inherited socket instead, listening or connected."));
    sockets.add(
        list("MODE", String.class, "--socket-mode")
            .description(
                "Octal permissions of the sockets; who may write may connect (default: by"
                    + " umask)."));
    sockets.add(
        list("GROUP", String.class, "--socket-group")
            .description("Group of the sockets, by name or number (default: the user's)."));
    return sockets;
  }

  /** One section for each condition. */
  static void addConditionalOptions(CommandSpec spec, VirtioDeviceProvider provider)
      throws StartException {
    Map<String, List<OptionSpec.Builder>> sections = new LinkedHashMap<>();
    for (DeviceOption option : provider.options()) {
      Condition condition = option.condition();
      if (condition != null) {
        String heading =
            "With --%s=%s:"
                .formatted(condition.option().name(), String.join(" or ", condition.values()));
        sections.computeIfAbsent(heading, key -> new ArrayList<>()).add(option(option));
      }
    }
    for (Map.Entry<String, List<OptionSpec.Builder>> section : sections.entrySet()) {
      addSection(spec, provider.name(), section.getKey(), section.getValue());
    }
  }

  /**
   * Adds options under a heading.
   *
   * @param device whose options they are, empty for those of the program
   * @throws StartException if one of them has a name that is taken
   */
  static void addSection(
      CommandSpec spec, String device, String heading, List<OptionSpec.Builder> options)
      throws StartException {
    ArgGroupSpec.Builder section =
        ArgGroupSpec.builder()
            .validate(false)
            .exclusive(false)
            .order(spec.argGroups().size())
            .heading("%n" + escaped(heading) + "%n");
    Set<String> taken = new HashSet<>(spec.optionsMap().keySet());
    for (OptionSpec.Builder option : options) {
      for (String name : option.names()) {
        if (!taken.add(name)) {
          throw new StartException(
              "the device %s has an option %s twice, or the program has it already: remove the jar"
                      .formatted(device, name)
                  + " that brings it (help: \"%s\")".formatted(heading));
        }
      }
      section.addArg(option.build());
    }
    spec.addArgGroup(section.build());
  }

  /** An option of a device. */
  static OptionSpec.Builder option(DeviceOption option) {
    String[] names =
        Stream.concat(Stream.of(option.name()), option.aliases().stream())
            .map(name -> (name.length() == 1 ? "-" : "--") + name)
            .toArray(String[]::new);
    boolean isFlag = option.values() instanceof Values.Flag;
    OptionSpec.Builder builder =
        isFlag
            ? list("true|false", Boolean.class, names).arity("0..1").fallbackValue("true")
            : list(option.label(), String.class, names);
    String line = escaped(option.description());
    if (option.values() instanceof Values.Choice choice) {
      List<String> lines = new ArrayList<>(List.of(line + ":"));
      choice
          .meanings()
          .forEach((word, meaning) -> lines.add(escaped("  %-9s %s".formatted(word, meaning))));
      return builder.description(lines.toArray(String[]::new));
    }
    return builder.description(
        isFlag || option.defaultValue().isEmpty()
            ? line + "."
            : "%s (default: %s).".formatted(line, escaped(option.defaultValue())));
  }

  /** Picocli takes its texts for format strings. */
  private static String escaped(String text) {
    return text.replace("%", "%%");
  }

  /** Also what is given once is a list: picocli takes repetitions within a section in silence. */
  static OptionSpec.Builder list(String label, Class<?> element, String... names) {
    return OptionSpec.builder(names)
        .paramLabel(label)
        .type(List.class)
        .auxiliaryTypes(element)
        .arity("1");
  }
}
