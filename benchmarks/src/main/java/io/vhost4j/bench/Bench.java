package io.vhost4j.bench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.bench.target.AtExit;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.event.NativeTransport;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program {@code benchmarks.jar}: one subcommand for each benchmark. */
@Command(
    name = "benchmarks",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Measures vhost-user backends beside the floor of this machine.",
    footer = {
      "",
      "Exit status: 0 measured, 1 could not measure, 2 wrong usage.",
    },
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      LatencyCommand.class,
      ThroughputCommand.class,
      ScaleCommand.class,
      FootprintCommand.class,
      GcCommand.class,
      GuestCommand.class,
      LoopbackCommand.class,
      RequestsCommand.class,
      ReportCommand.class,
      JmhCommand.class,
    })
public final class Bench {
  private Bench() {}

  public static void main(String[] args) {
    Locale.setDefault(Locale.ROOT); // tables and JSON look the same everywhere
    logWarningsOnly();
    AtExit.install();
    System.exit(commandLine().execute(args));
  }

  /** Keeps quiet about connections. */
  private static void logWarningsOnly() {
    ((Logger) LoggerFactory.getLogger("io.vhost4j")).setLevel(Level.WARN);
  }

  static CommandLine commandLine() {
    return new CommandLine(new Bench())
        .setUsageHelpWidth(100)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(Bench::misused)
        .setExecutionExceptionHandler(Bench::failed);
  }

  private static int misused(CommandLine.ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String message = String.valueOf(e.getMessage()).lines().collect(Collectors.joining(" "));
    PrintWriter err = command.getErr();
    err.println("benchmarks: " + message);
    err.println(
        "Try '%s --help' for all options.".formatted(command.getCommandSpec().qualifiedName()));
    err.flush();
    return CommandLine.ExitCode.USAGE;
  }

  private static int failed(Exception e, CommandLine command, CommandLine.ParseResult parsed)
      throws Exception {
    if (AtExit.isEnding()) {
      return CommandLine.ExitCode.SOFTWARE; // what it was measuring has been ended
    }
    if (!(e instanceof BenchException)) {
      throw e;
    }
    PrintWriter err = command.getErr();
    err.println("benchmarks: " + e.getMessage());
    err.flush();
    return CommandLine.ExitCode.SOFTWARE;
  }

  /** The loop for messages to backends; what is timed does not run on it. */
  static Vertx newLoop() {
    return NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1));
  }
}
