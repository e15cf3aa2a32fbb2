package io.vhost4j.bench.target;

import io.vhost4j.bench.BenchException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;

/** Where the things of this checkout are. */
public final class Installation {
  private static final String DAEMON = "daemons/target/vhost4j/bin/vhost-device-sound";

  private Installation() {}

  /**
   * Starts the packaged sound daemon.
   *
   * @param arguments for a shell, but for the socket
   */
  public static ProcessTarget soundDaemon(String arguments) throws BenchException {
    return new ProcessTarget("vhost4j", soundDaemonCommand() + " " + arguments);
  }

  /** The command that starts the packaged daemon on {@link ProcessTarget#PLACEHOLDER}. */
  public static String soundDaemonCommand() throws BenchException {
    return "'" + file(DAEMON) + "' --socket " + ProcessTarget.PLACEHOLDER;
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
