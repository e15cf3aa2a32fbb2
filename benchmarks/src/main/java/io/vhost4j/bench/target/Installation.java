package io.vhost4j.bench.target;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Map;

/** Where the things of this checkout are. */
public final class Installation {
  private static final String PROGRAMS = "daemons/target/vhost4j/bin/";

  private Installation() {}

  /** What a packaged daemon prints when it is started with some option, and nothing else. */
  public static String daemonSays(String program, String option) throws BenchException {
    return outputOf(Map.of(), file(PROGRAMS + program).toString(), option);
  }

  /**
   * Has a packaged daemon's class archive made for a Java, as is done once where it is installed.
   */
  public static void makeArchive(String program, Jdk jdk) throws BenchException {
    var unused = outputOf(jdk.environment(), file(PROGRAMS + program).toString(), "--make-archive");
  }

  /**
   * Runs a program to its end; what it says on stderr shows.
   *
   * @return what it wrote to stdout, empty if it failed
   */
  public static String outputOf(Map<String, String> environment, String... command)
      throws BenchException {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectError(Redirect.INHERIT)
              .redirectInput(Redirect.from(new File("/dev/null")));
      builder.environment().putAll(environment);
      Process process = builder.start();
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return process.waitFor() == 0 ? text : "";
    } catch (IOException e) {
      throw new BenchException("cannot run %s: %s".formatted(command[0], e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  /** The command that starts a packaged daemon on {@link ProcessTarget#PLACEHOLDER}. */
  public static String daemonCommand(String program) throws BenchException {
    return "'" + file(PROGRAMS + program) + "' --socket " + ProcessTarget.PLACEHOLDER;
  }

  /**
   * A file of the checkout that this program was built in.
   *
   * @param path from the root of the checkout
   */
  public static Path file(String path) throws BenchException {
    Path root = module().getParent();
    Path file = root == null ? Path.of(path) : root.resolve(path);
    if (!Files.exists(file)) {
      throw new BenchException(
          file + " is not there: build it with 'mvn package', or measure something else (--help)");
    }
    return file;
  }

  /** The directory of the module benchmarks: above target/, be it of the jar or of classes. */
  private static Path module() throws BenchException {
    CodeSource source = Installation.class.getProtectionDomain().getCodeSource();
    try {
      Path target = Path.of(source.getLocation().toURI()).getParent();
      Path module = target == null ? null : target.getParent();
      if (module != null) {
        return module;
      }
    } catch (URISyntaxException e) {
      // as if it were elsewhere
    }
    throw new BenchException("this program does not run from the target directory of benchmarks");
  }
}
