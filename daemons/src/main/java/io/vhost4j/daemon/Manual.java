package io.vhost4j.daemon;

import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The manual page of a daemon, in the language of {@code man(7)}. */
final class Manual {
  private static final String LIFE =
      """
      .PP
      The daemon stays in the foreground.
      It prints the line
      .B READY
      on standard output once every socket listens, and nothing else; its log goes to standard error.
      A service manager that sets
      .B NOTIFY_SOCKET
      is told too.
      .PP
      It ends within a second of SIGTERM, SIGINT or SIGHUP, and removes its sockets.
      A signal that was ignored when it started, as SIGHUP is with
      .BR nohup (1),
      stays ignored.
      .PP
      A socket that a killed process left behind is replaced; one that somebody listens on is not.
      An inherited socket that listens goes on listening; a connected one is one frontend, with which
      the daemon ends.
      Nobody can connect to a socket before it has its permissions.
      .PP
      Of the meters, the labels
      .B device
      and
      .B socket
      tell the devices apart.
      Port 0 takes a free one, which the log tells; there is no access control.
      """;

  private static final String END =
      """
      .SH EXIT STATUS
      .TP
      .B 0
      Ended by a signal, or with the only frontend of a connected descriptor.
      .TP
      .B 1
      Could not start; a line on standard error says why.
      .TP
      .B 2
      Wrong usage.
      .SH ENVIRONMENT
      .TP
      .B JAVA_HOME
      The Java to run on, 17 or newer; otherwise the one in
      .BR PATH .
      .TP
      .B VHOST4J_OPTS
      Further options for the Java virtual machine.
      .TP
      .B VHOST4J_PATH
      Further jars with devices or backends, separated by colons; one that is missing is an error, and
      so is it if none of them has any.
      .TP
      .B NOTIFY_SOCKET
      See
      .BR sd_notify (3).
      .SH FILES
      .TP
      .I lib/java\\-*.jsa
      Class archives, which this program makes if its only argument is
      .BR \\-\\-make\\-archive :
      each halves the time of a start on one build of Java.
      They may be deleted at any time.
      """;

  private Manual() {}

  /** The page of a command, whose options stand in sections. */
  static String of(CommandSpec spec) {
    String name = spec.name().replace(' ', '-');
    UsageMessageSpec usage = spec.usageMessage();
    StringBuilder page = new StringBuilder(4096);
    page.append(".TH ").append(name.toUpperCase(Locale.ROOT)).append(" 1 \"\" vhost4j\n");
    // Of the description the first line is empty, and the second says what it is.
    page.append(".SH NAME\n").append(name).append(" \\- ").append(text(usage.description()[1]));
    page.append("\n.SH SYNOPSIS\n.nf\n");
    Stream.of(usage.customSynopsis()).forEach(line -> page.append(text(line.strip())).append('\n'));
    page.append(".fi\n.SH DESCRIPTION\n");
    Stream.of(usage.description()).skip(2).forEach(line -> page.append(text(line)).append('\n'));
    page.append(LIFE).append(".SH OPTIONS\n");
    for (ArgGroupSpec section : spec.argGroups()) {
      String heading = section.heading().replace("%n", "");
      page.append(".SS ").append(text(heading.substring(0, heading.length() - 1))).append('\n');
      section.options().forEach(option -> append(page, option));
    }
    return page.append(END).toString();
  }

  private static void append(StringBuilder page, OptionSpec option) {
    String names =
        Stream.of(option.names())
            .sorted(Comparator.comparingInt(String::length))
            .map(name -> "\\fB" + text(name) + "\\fR")
            .collect(Collectors.joining(", "));
    page.append(".TP\n").append(names).append(value(option)).append('\n');
    for (String line : option.description()) {
      // Those of a choice are a list.
      page.append(line.startsWith(" ") ? ".br\n" : "").append(text(line.strip())).append('\n');
    }
  }

  private static String value(OptionSpec option) {
    return switch (option.arity().toString()) {
      case "0" -> "";
      case "0..1" -> "[=\\fI" + text(option.paramLabel()) + "\\fR]";
      default -> "=\\fI" + text(option.paramLabel()) + "\\fR";
    };
  }

  /** As it is to be read; picocli's are format strings, and man has characters of its own. */
  private static String text(String line) {
    String plain = line.replace("%%", "%").replace("\\", "\\e").replace("-", "\\-");
    return plain.startsWith(".") || plain.startsWith("'") ? "\\&" + plain : plain;
  }
}
