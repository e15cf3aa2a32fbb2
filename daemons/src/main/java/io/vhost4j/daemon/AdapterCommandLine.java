package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.loopback.DeviceKind;
import io.vhost4j.loopback.KernelSide;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The command line of {@code virtio-loopback-adapter}: the options that adapters of its kind have,
 * a long name for each, and those of the devices that it serves by itself.
 */
final class AdapterCommandLine {
  /** What the program is called. */
  static final String PROGRAM = "virtio-loopback-adapter";

  /** The entropy device, as adapters of this kind call the one that needs no daemon. */
  private static final String OWN_ENTROPY = "vrng";

  private static final DeviceOption QUEUES =
      DeviceOption.number("queues", "N", "Queues of vhublk that are used", 1, 16).byDefault("1");

  private final List<VirtioDeviceProvider> providers;
  private final ParseResult result;

  private AdapterCommandLine(List<VirtioDeviceProvider> providers, ParseResult result) {
    this.providers = providers;
    this.result = result;
  }

  /** What {@link #parse} found. */
  sealed interface Request {
    /** {@code --help} and the like: this text is for stdout. */
    record Print(String text) implements Request {}

    /** Serve cards. */
    record Serve(AdapterOptions options) implements Request {}
  }

  /**
   * @param providers the devices that can be served by this process
   * @param version lines for {@code --version}
   * @throws UsageException if the user asked for something that cannot be
   * @throws StartException if devices of one process have options of the same name
   */
  static Request parse(List<VirtioDeviceProvider> providers, String[] version, String... args)
      throws UsageException, StartException {
    CommandLine first = new CommandLine(spec(version)).setExpandAtFiles(false);
    ParseResult found = parse(first.setUnmatchedArgumentsAllowed(true), args);
    CommandSpec spec = spec(version);
    boolean isForPrint = found.isUsageHelpRequested() || found.hasMatchedOption("--print-manual");
    Set<VirtioDeviceProvider> served = served(providers, found, isForPrint);
    if (isForPrint) {
      tellOfOthers(spec, providers, served);
    } else {
      checkNames(served);
    }
    for (VirtioDeviceProvider provider : served) {
      OptionSyntax.addSection(
          spec,
          provider.name(),
          "With --device=%s:".formatted(provider.name()),
          provider.options().stream()
              .filter(option -> option.condition() == null)
              .map(option -> OptionSyntax.option(withoutNamesOf(spec, option)))
              .toList());
      OptionSyntax.addConditionalOptions(spec, provider);
    }
    if (isForPrint) {
      return new Request.Print(
          found.isUsageHelpRequested()
              ? new CommandLine(spec).getUsageMessage(Help.Ansi.OFF)
              : Manual.of(spec));
    }
    if (found.isVersionHelpRequested()) {
      return new Request.Print(
          String.join(System.lineSeparator(), version) + System.lineSeparator());
    }
    CommandLine commandLine = new CommandLine(spec).setExpandAtFiles(false);
    return new Request.Serve(new AdapterCommandLine(providers, parse(commandLine, args)).options());
  }

  /** What help does not list, as one option cannot be two devices'. */
  private static void tellOfOthers(
      CommandSpec spec, List<VirtioDeviceProvider> providers, Set<VirtioDeviceProvider> served) {
    String others =
        providers.stream()
            .filter(each -> !served.contains(each) && !each.options().isEmpty())
            .map(each -> "--device=" + each.name())
            .collect(Collectors.joining(", "));
    if (!others.isEmpty()) {
      List<String> description = new ArrayList<>(List.of(spec.usageMessage().description()));
      description.add("With --help these tell their own options: %s.".formatted(others));
      spec.usageMessage().description(description.toArray(String[]::new));
    }
  }

  /** Devices that are served together share no option's name, or nobody knew whose it is. */
  private static void checkNames(Set<VirtioDeviceProvider> served) throws UsageException {
    Map<String, String> owners = new LinkedHashMap<>();
    for (VirtioDeviceProvider provider : served) {
      for (DeviceOption option : provider.options()) {
        String owner = owners.putIfAbsent(option.name(), provider.name());
        if (owner != null) {
          throw new UsageException(
              "--%s is an option of %s and of %s: start an adapter for each"
                  .formatted(option.name(), owner, provider.name()));
        }
      }
    }
  }

  /** Other names of options that the program has itself, such as {@code -l}, are not a device's. */
  private static DeviceOption withoutNamesOf(CommandSpec spec, DeviceOption option) {
    return option.aliases(
        option.aliases().stream()
            .filter(
                alias ->
                    !spec.optionsMap().containsKey("-" + alias)
                        && !spec.optionsMap().containsKey("--" + alias))
            .toArray(String[]::new));
  }

  private static ParseResult parse(CommandLine commandLine, String... args) throws UsageException {
    try {
      return commandLine.parseArgs(args);
    } catch (ParameterException e) {
      throw new UsageException(DaemonCommandLine.message(e));
    }
  }

  private static CommandSpec spec(String... version) throws StartException {
    CommandSpec spec = CommandSpec.create().name(PROGRAM).version(version);
    spec.usageMessage()
        .width(80)
        .sortOptions(false)
        .customSynopsis(
            PROGRAM + " -s SOCKET -d DEVICE -l N [-qn N] [-qs N] [OPTION...]",
            "       " + PROGRAM + " -d DEVICE -l N [OPTION...]")
        .description(
            "",
            "virtio devices for the drivers of this machine's own kernel, through the module"
                + " virtio-loopback, or the kernel's own VDUSE.",
            "A device is a vhost-user daemon that listens at SOCKET, or is served in this process."
                + " Each node /dev/loopback-N is a card of its own. An option given once holds for"
                + " all cards, unless it is a list with a value for each; given once for each, the"
                + " values go by their order.")
        .footer(
            "",
            "Prints READY once every card is there, ends on SIGTERM and takes them away.",
            "Exit status: 0 ended by a signal, 1 could not start, 2 wrong usage.");
    OptionSyntax.addSection(
        spec,
        "",
        "The cards:",
        List.of(
            OptionSyntax.list("DEVICE", String.class, "--device", "-d")
                .description(
                    "What it is. Served by a daemon at SOCKET: "
                        + DeviceKind.ALL.stream()
                            .map(DeviceKind::name)
                            .collect(Collectors.joining(", "))
                        + ". Served in this process: vrng, which is rng, and those of"
                        + " 'vhost-device --list'."),
            OptionSyntax.list("SOCKET", Path.class, "--socket", "-s")
                .description("Unix socket at which the daemon listens."),
            OptionSyntax.list("N", String.class, "--loopback", "-l")
                .description(
                    "N of the node /dev/loopback-N, or of the device loopback-N that is made by"
                        + " VDUSE (default: 0, 1 ...)."),
            OptionSyntax.list("N", String.class, "--queues", "-qn")
                .description("Queues of vhublk that are used, up to 16 (default: 1)."),
            OptionSyntax.list("N", String.class, "--queue-size", "-qs")
                .description("Entries of a queue, a power of 2 up to 1024 (default: 64)."),
            OptionSyntax.option(OptionDealer.POLL_US)));
    OptionSyntax.addSection(
        spec,
        "",
        "The program:",
        List.of(
            OptionSpec.builder("--wait")
                .description("Wait for nodes and daemons that are not there yet."),
            OptionSyntax.list("WAY", String.class, "--transport")
                .description(
                    "What of the kernel makes the cards: loopback, which is the module"
                        + " virtio-loopback, vduse, which many kernels have, for disks and networks"
                        + " alone, or auto (default): vduse where the kernel has it, it"
                        + " takes the device and there is no /dev/loopback-N, or else loopback."),
            OptionSyntax.list("LEVEL", String.class, "--log-level")
                .description("off, error, warn, info (default), debug or trace.")));
    OptionSyntax.addSection(
        spec,
        "",
        "Print something and exit:",
        List.of(
            OptionSpec.builder("--print-manual").description("The manual page, for 'man -l -'."),
            OptionSpec.builder("-h", "--help").usageHelp(true).description("All options."),
            OptionSpec.builder("-V", "--version").versionHelp(true).description("The versions.")));
    return spec;
  }

  /** The devices of this process that the command line names; for help, all that there are. */
  private static Set<VirtioDeviceProvider> served(
      List<VirtioDeviceProvider> providers, ParseResult found, boolean isForPrint) {
    List<String> names = found.matchedOptionValue("--device", List.of());
    Set<VirtioDeviceProvider> served = new LinkedHashSet<>();
    for (String name : names) {
      VirtioDeviceProvider provider = provider(providers, name);
      if (provider != null) {
        served.add(provider);
      }
    }
    if (names.isEmpty() && isForPrint) {
      // Those with most to say, and others whose options do not have the names of theirs.
      List<VirtioDeviceProvider> byOptions = new ArrayList<>(providers);
      byOptions.sort(Comparator.comparingInt(provider -> -provider.options().size()));
      Set<String> taken = new LinkedHashSet<>();
      for (VirtioDeviceProvider provider : byOptions) {
        List<String> own = names(provider);
        if (own.stream().noneMatch(taken::contains)) {
          taken.addAll(own);
          served.add(provider);
        }
      }
    }
    return served;
  }

  private static List<String> names(VirtioDeviceProvider provider) {
    return provider.options().stream()
        .flatMap(option -> Stream.concat(Stream.of(option.name()), option.aliases().stream()))
        .toList();
  }

  private static @Nullable VirtioDeviceProvider provider(
      List<VirtioDeviceProvider> providers, String device) {
    String name = device.equals(OWN_ENTROPY) ? "rng" : device;
    return providers.stream().filter(each -> each.name().equals(name)).findFirst().orElse(null);
  }

  private AdapterOptions options() throws UsageException {
    try {
      return new AdapterOptions(
          cards(),
          side(DaemonCommandLine.once(result, "--transport")),
          result.hasMatchedOption("--wait"),
          DaemonCommandLine.logLevel(DaemonCommandLine.once(result, "--log-level")));
    } catch (DeviceOptionException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private static KernelSide side(@Nullable String given) throws UsageException {
    return switch (given == null ? "auto" : given) {
      case "auto" -> KernelSide.AUTO;
      case "loopback" -> KernelSide.LOOPBACK;
      case "vduse" -> KernelSide.VDUSE;
      default ->
          throw new UsageException(
              "--transport=%s is unknown: give auto, loopback or vduse".formatted(given));
    };
  }

  private List<CardSetup> cards() throws UsageException, DeviceOptionException {
    Dealing dealing = new Dealing(result, "cards");
    List<String> given = result.matchedOptionValue("--device", List.of());
    List<String> nodesGiven = result.matchedOptionValue("--loopback", List.of());
    List<Path> sockets = result.matchedOptionValue("--socket", List.of());
    if (given.isEmpty()) {
      throw new UsageException("no device: say which with --device=DEVICE; --help names them");
    }
    int count = Math.max(given.size(), Math.max(nodesGiven.size(), sockets.size()));
    List<Integer> nodes = nodes(nodesGiven, count);
    List<String> devices = dealing.forEach("--device", given, count, "cards");
    List<Map<String, String>> engine = dealing.dealt(List.of(OptionDealer.POLL_US), count);
    List<Map<String, String>> queues = dealing.dealt(List.of(QUEUES), count);
    List<String> sizes = queueSizes(dealing, count);
    Iterator<Path> socket = sockets(devices, sockets).iterator();
    Map<VirtioDeviceProvider, Iterator<DeviceOptions>> own = ownOptions(dealing, devices, nodes);
    List<CardSetup> cards = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int size = Integer.parseInt(sizes.get(i));
      VirtioDeviceProvider provider = provider(providers, devices.get(i));
      if (provider != null) {
        Iterator<DeviceOptions> options =
            own.getOrDefault(provider, List.<DeviceOptions>of().iterator());
        cards.add(
            new CardSetup.Here(
                nodes.get(i),
                provider,
                options.next(),
                OptionDealer.polling(OptionDealer.POLL_US.in(engine.get(i))),
                size));
      } else {
        DeviceKind kind = kind(devices.get(i));
        boolean isBlock = kind.name().equals("vhublk");
        if (!isBlock && queues.get(i).containsKey(QUEUES.name()) && given.size() == 1) {
          throw new UsageException(
              "--queues is for vhublk: %s has %d queues".formatted(kind.name(), kind.queues()));
        }
        int queueCount = isBlock ? Integer.parseInt(QUEUES.in(queues.get(i))) : kind.queues();
        cards.add(new CardSetup.Behind(nodes.get(i), kind, socket.next(), queueCount, size));
      }
    }
    return cards;
  }

  private static List<Integer> nodes(List<String> given, int count) throws UsageException {
    if (given.isEmpty()) {
      return IntStream.range(0, count).boxed().toList();
    }
    if (given.size() != count) {
      throw new UsageException(
          "--loopback is given %d times for %d cards: give it once for each"
              .formatted(given.size(), count));
    }
    List<Integer> nodes = new ArrayList<>();
    for (String text : given) {
      if (!text.matches("[0-9]{1,2}")) {
        throw new UsageException(
            "--loopback=%s is no N of /dev/loopback-N: 'ls /dev/loopback-*' shows them"
                .formatted(text));
      }
      int node = Integer.parseInt(text);
      if (nodes.contains(node)) {
        throw new UsageException("--loopback=%d is given twice".formatted(node));
      }
      nodes.add(node);
    }
    return nodes;
  }

  private List<String> queueSizes(Dealing dealing, int count) throws UsageException {
    List<String> given = result.matchedOptionValue("--queue-size", List.of("64"));
    for (String size : given) {
      if (!size.matches("[0-9]{1,4}")
          || Integer.bitCount(Integer.parseInt(size)) != 1
          || Integer.parseInt(size) > 1024) {
        throw new UsageException(
            "--queue-size=%s: possible are powers of 2 up to 1024".formatted(size));
      }
    }
    return dealing.forEach("--queue-size", given, count, "cards");
  }

  private DeviceKind kind(String name) throws UsageException {
    for (DeviceKind kind : DeviceKind.ALL) {
      if (kind.name().equals(name)) {
        return kind;
      }
    }
    throw new UsageException(
        "there is no device '%s': choose %s, with the socket of a daemon, or %s"
            .formatted(
                name,
                DeviceKind.ALL.stream().map(DeviceKind::name).collect(Collectors.joining(", ")),
                providers.stream()
                    .map(VirtioDeviceProvider::name)
                    .collect(Collectors.joining(" or "))));
  }

  /** The sockets of those cards that have a daemon, in their order. */
  private List<Path> sockets(List<String> devices, List<Path> given) throws UsageException {
    List<String> behind =
        devices.stream().filter(device -> provider(providers, device) == null).toList();
    for (String device : behind) {
      DeviceKind unused = kind(device);
    }
    if (given.isEmpty() && !behind.isEmpty()) {
      throw new UsageException(
          "no socket for %s: say where its daemon listens with --socket=PATH"
              .formatted(behind.get(0)));
    }
    if (behind.isEmpty() && !given.isEmpty()) {
      throw new UsageException(
          "--socket=%s: %s is served in this process, without a daemon"
              .formatted(given.get(0), devices.get(0)));
    }
    if (given.size() != behind.size()) {
      throw new UsageException(
          "--socket is given %d times for %d daemons: give it once for each"
              .formatted(given.size(), behind.size()));
    }
    return given;
  }

  /** What each device of this process is given, by its kind in the order of the cards. */
  private Map<VirtioDeviceProvider, Iterator<DeviceOptions>> ownOptions(
      Dealing dealing, List<String> devices, List<Integer> nodes)
      throws UsageException, DeviceOptionException {
    Map<VirtioDeviceProvider, List<Integer>> cards = new LinkedHashMap<>();
    for (int i = 0; i < devices.size(); i++) {
      VirtioDeviceProvider provider = provider(providers, devices.get(i));
      if (provider != null) {
        cards.computeIfAbsent(provider, key -> new ArrayList<>()).add(nodes.get(i));
      }
    }
    Map<VirtioDeviceProvider, Iterator<DeviceOptions>> all = new LinkedHashMap<>();
    for (Map.Entry<VirtioDeviceProvider, List<Integer>> entry : cards.entrySet()) {
      VirtioDeviceProvider provider = entry.getKey();
      List<Integer> own = entry.getValue();
      List<Map<String, String>> values = dealing.dealt(provider.options(), own.size());
      List<DeviceOptions> options = new ArrayList<>();
      for (int i = 0; i < own.size(); i++) {
        DeviceOptions one =
            new DeviceOptions("loopback-" + own.get(i), i, own.size(), values.get(i));
        provider.check(one);
        options.add(one);
      }
      provider.checkTogether(options);
      all.put(provider, options.iterator());
    }
    return all;
  }
}
