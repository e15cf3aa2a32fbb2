package io.vhost4j.bench;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/**
 * The program, run in this JVM.
 *
 * @param status its exit status
 * @param out what it wrote to stdout
 * @param err what it wrote to stderr
 */
record ProgramRun(int status, String out, String err) {
  static ProgramRun of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine program =
        Bench.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int status = program.execute(arguments);
    return new ProgramRun(status, out.toString(), err.toString());
  }
}
