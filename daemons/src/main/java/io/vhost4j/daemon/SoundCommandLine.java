package io.vhost4j.daemon;

import io.vhost4j.audio.AudioBackendProvider;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line of {@code vhost-device-sound}: the well-known options, those of QEMU's back-end
 * conventions (D1, D2), and whatever the backends found bring along.
 */
final class SoundCommandLine {
  static final String NAME = "vhost-device-sound";

  private final List<AudioBackendProvider> backends;
  private final CommandLine commandLine;

  /**
   * @param backends what {@code --backend} may choose from, in the order of the help text
   * @param version lines for {@code --version}
   * @throws StartException if an option of a backend has a name that is taken
   */
  SoundCommandLine(List<AudioBackendProvider> backends, String... version) throws StartException {
    this.backends = backends;
    commandLine = SoundSyntax.of(backends, version);
  }

  /** What {@link #parse} found. */
  sealed interface Request {
    /** {@code --help} or {@code --version}: this text is for stdout. */
    record Print(String text) implements Request {}

    /** Serve sound cards. */
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
    LogLevel level = result.matchedOptionValue("--log-level", LogLevel.INFO);
    String metrics = result.matchedOptionValue("--metrics", "");
    return new Request.Serve(
        new DaemonOptions(
            new CardDealer(backends, result).cards(),
            level,
            metrics.isEmpty() ? null : address(metrics)));
  }

  private static String message(ParameterException e) {
    String message = String.valueOf(e.getMessage()).lines().collect(Collectors.joining(" "));
    if (e instanceof UnmatchedArgumentException unmatched
        && !unmatched.getSuggestions().isEmpty()) {
      message += "; did you mean " + String.join(" or ", unmatched.getSuggestions()) + "?";
    }
    return message;
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
    if (address == null || address.isUnresolved() || host.isEmpty()) {
      throw new UsageException("--metrics=%s is not [ADDRESS:]PORT".formatted(text));
    }
    return address;
  }
}
