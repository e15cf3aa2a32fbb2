package io.vhost4j.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.Main;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Runs the microbenchmarks. */
@Command(
    name = "jmh",
    description =
        "Runs the JMH microbenchmarks of rings, chains and codecs; options are JMH's own (jmh -h)."
            + " Without any: all of them, with what they allocate (-prof gc).")
final class JmhCommand implements Callable<Integer> {
  @Unmatched private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() throws Exception {
    List<String> all = arguments.isEmpty() ? List.of("-prof", "gc") : arguments;
    Main.main(all.toArray(String[]::new));
    return CommandLine.ExitCode.OK;
  }
}
