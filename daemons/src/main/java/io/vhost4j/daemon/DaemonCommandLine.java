package io.vhost4j.daemon;

import io.vhost4j.device.VirtioDeviceProvider;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line of a daemon: the well-known options, those of QEMU's back-end conventions (D1,
 * D2), and those that the device brings along.
 */
final class DaemonCommandLine {
  private final VirtioDeviceProvider provider;
  private final CommandLine commandLine;

  /**
   * @param program how the user calls it
   * @param provider the kind of device
   * @param version lines for {@code --version}
   * @throws StartException if an option of the device has a name that is taken
   */
  DaemonCommandLine(String program, VirtioDeviceProvider provider, String... version)
      throws StartException {
    this.provider = provider;
    commandLine = OptionSyntax.of(program, provider, version);
  }

  /** What {@link #parse} found. */
  sealed interface Request {
    /** {@code --help}, {@code --print-qemu} and the like: this text is for stdout. */
    record Print(String text) implements Request {}

    /** Serve devices. */
    record Serve(DaemonOptions options) implements Request {}
  }

  /**
   * @throws UsageException if the user asked for something that cannot be
   */
  Request parse(String... args) throws UsageException {
    ParseResult result;
    try {
      result = commandLine.parseArgs(args);
    } catch (ParameterException e) {
      throw new UsageException(message(e));
    }
    if (result.isUsageHelpRequested()) {
      return new Request.Print(commandLine.getUsageMessage(Help.Ansi.OFF));
    }
    if (result.isVersionHelpRequested()) {
      String[] version = commandLine.getCommandSpec().version();
      return new Request.Print(
          String.join(System.lineSeparator(), version) + System.lineSeparator());
    }
    if (result.hasMatchedOption("--print-manual")) {
      return new Request.Print(Manual.of(commandLine.getCommandSpec()));
    }
    String metrics = once(result, "--metrics");
    String level = once(result, "--log-level");
    DaemonOptions options =
        new DaemonOptions(
            provider,
            new OptionDealer(provider, result).devices(),
            logLevel(level),
            metrics == null ? null : address(metrics));
    return result.hasMatchedOption("--print-qemu")
        ? new Request.Print(QemuArguments.of(provider, options.devices()))
        : new Request.Serve(options);
  }

  /**
   * The value of an option that holds for the whole process, null if it is not given.
   *
   * @throws UsageException if it is given again
   */
  static @Nullable String once(ParseResult result, String option) throws UsageException {
    List<Object> given = result.matchedOptionValue(option, List.of());
    if (given.size() > 1) {
      throw new UsageException(
          "%s is given %d times: give it once".formatted(option, given.size()));
    }
    return given.isEmpty() ? null : String.valueOf(given.get(0));
  }

  /** The level that is given, or the usual one. */
  static LogLevel logLevel(@Nullable String text) throws UsageException {
    if (text == null) {
      return LogLevel.INFO;
    }
    for (LogLevel level : LogLevel.values()) {
      if (level.name().equalsIgnoreCase(text)) {
        return level;
      }
    }
    throw new UsageException(
        "--log-level=%s: possible are %s"
            .formatted(
                text,
                Stream.of(LogLevel.values())
                    .map(level -> level.name().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", "))));
  }

  /** In one line what is wrong with a command line. */
  static String message(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched) {
      String word = unmatched.getUnmatched().get(0);
      if (!unmatched.isUnknownOption()) {
        return "what is '%s'? Options begin with --".formatted(word);
      }
      String unknown = "there is no option " + word.replaceFirst("=.*", "");
      List<String> similar = unmatched.getSuggestions();
      return similar.isEmpty()
          ? unknown
          : "%s: did you mean %s?"
              .formatted(
                  unknown, String.join(" or ", similar.subList(0, Math.min(2, similar.size()))));
    }
    if (e instanceof MissingParameterException missing
        && missing.getMissing().get(0) instanceof OptionSpec option) {
      String name = option.names()[0];
      return "%s needs a value: %s=%s".formatted(name, name, option.paramLabel());
    }
    return String.valueOf(e.getMessage()).lines().collect(Collectors.joining(" "));
  }

  /** {@code [ADDRESS:]PORT}; an IPv6 address stands in brackets. */
  private static InetSocketAddress address(String text) throws UsageException {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "127.0.0.1" : text.substring(0, colon);
    @Nullable InetSocketAddress address = null;
    try {
      address = new InetSocketAddress(host, Integer.parseInt(text.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      // Not a port: told below, with the whole text.
    }
    if (address != null && address.isUnresolved() && !host.isEmpty()) {
      throw new UsageException(
          "--metrics=%s: there is no host '%s'; give one of this machine's addresses"
              .formatted(text, host));
    }
    if (address == null || host.isEmpty()) {
      throw new UsageException("--metrics=%s is not [ADDRESS:]PORT".formatted(text));
    }
    return address;
  }
}
