package io.vhost4j.daemon;

import io.vertx.core.Future;
import io.vhost4j.device.VirtioDeviceProvider;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code vhost-device-NAME}: virtio devices for virtual machines, as a process of its own. The
 * program's name says which device; {@code vhost-device} is told it as its first argument.
 *
 * <p>Stdout carries what programs read and nothing else: {@code READY} once every socket listens,
 * or the answer to {@code --help}, {@code --version}, {@code --list} and the like. Everything else
 * is a line on stderr.
 */
public final class DeviceDaemon {
  /** Ended as asked. */
  static final int OK = 0;

  /** Could not start on this host. */
  static final int CANNOT_START = 1;

  /** Wrong usage. */
  static final int USAGE = 2;

  /** What {@link #run} returns while the devices are served, by threads of their own. */
  static final int SERVING = -1;

  /** The program for all devices, and the beginning of the names of the others. */
  private static final String ANY = "vhost-device";

  private static final Logger log = LoggerFactory.getLogger(DeviceDaemon.class);

  private DeviceDaemon() {}

  /**
   * Starts the daemon that the system property {@code vhost4j.program} names; it ends on SIGTERM,
   * SIGINT or SIGHUP.
   */
  public static void main(String[] args) {
    start(System.getProperty("vhost4j.program", ANY), args);
  }

  /** Starts the program that is called so, in this process, which ends with it. */
  static void start(String called, String[] args) {
    int status = run(called, args, System.out, System.err);
    if (status != SERVING) {
      System.exit(status);
    }
    NativeHeap.trimWhenSettled(); // this thread has nothing else to do
  }

  /**
   * What cannot be done ends at once with a status and a line that says why (D6).
   *
   * @param called {@code vhost-device}, {@code vhost-device-NAME} or {@link
   *     AdapterCommandLine#PROGRAM}
   */
  static int run(String called, String[] args, PrintStream out, PrintStream err) {
    String program = called;
    try {
      DeviceProviders.requireServices(
          System.getenv("VHOST4J_PATH"), System.getProperty("java.class.path"));
      if (called.equals(AdapterCommandLine.PROGRAM)) {
        return runAdapter(args, out);
      }
      if (!called.equals(ANY)) {
        return run(program, DeviceProviders.named(called.substring(ANY.length() + 1)), args, out);
      }
      if (args.length == 0 || args[0].startsWith("-")) {
        return runWithoutDevice(args, out);
      }
      VirtioDeviceProvider provider = DeviceProviders.named(args[0]);
      program = ANY + " " + args[0]; // only now is there help of that name
      return run(program, provider, Arrays.copyOfRange(args, 1, args.length), out);
    } catch (UsageException e) {
      err.println(program + ": " + e.getMessage());
      err.println("Try '" + program + " --help' for all options.");
      return USAGE;
    } catch (StartException e) {
      err.println(program + ": " + e.getMessage());
      return CANNOT_START;
    } catch (ServiceConfigurationError e) {
      err.println(
          program
              + ": a device or backend on the class path cannot be loaded (VHOST4J_PATH adds to it;"
              + " META-INF/services in a jar names them): "
              + e.getMessage());
      return CANNOT_START;
    } catch (RuntimeException | LinkageError e) {
      err.println(
          "%s: cannot start, by a defect of the program or of what it was given: %s"
                  .formatted(program, e)
              + " (--log-level=debug says more)");
      log.debug("cannot start", e);
      return CANNOT_START;
    } catch (OutOfMemoryError e) {
      err.println(
          "%s: Java is out of memory (%s): allow it more, such as VHOST4J_OPTS=-Xmx128m"
              .formatted(program, e.getMessage()));
      return CANNOT_START;
    }
  }

  private static int run(
      String program, VirtioDeviceProvider provider, String[] args, PrintStream out)
      throws UsageException, StartException {
    // D3: whatever else is asked for.
    if (List.of(args).contains("--print-capabilities")) {
      out.println(capabilities(provider));
      return OK;
    }
    DaemonCommandLine commandLine = new DaemonCommandLine(program, provider, version(program));
    DaemonCommandLine.Request request = commandLine.parse(args);
    if (request instanceof DaemonCommandLine.Request.Serve serve) {
      DaemonOptions options = serve.options();
      return serve(options.logLevel(), new DaemonService(program, options), out);
    }
    out.print(((DaemonCommandLine.Request.Print) request).text());
    return OK;
  }

  /** Names and features are words: there is nothing in them to quote. */
  static String capabilities(VirtioDeviceProvider provider) {
    String features =
        provider.features().stream()
            .map(word -> '"' + word + '"')
            .collect(Collectors.joining(", "));
    return features.isEmpty()
        ? "{\"type\": \"%s\"}".formatted(provider.name())
        : "{\"type\": \"%s\", \"features\": [%s]}".formatted(provider.name(), features);
  }

  private static int runAdapter(String[] args, PrintStream out)
      throws UsageException, StartException {
    AdapterCommandLine.Request request =
        AdapterCommandLine.parse(DeviceProviders.all(), version(AdapterCommandLine.PROGRAM), args);
    if (request instanceof AdapterCommandLine.Request.Serve serve) {
      return serve(serve.options().logLevel(), new AdapterService(serve.options()), out);
    }
    out.print(((AdapterCommandLine.Request.Print) request).text());
    return OK;
  }

  private static int runWithoutDevice(String[] args, PrintStream out)
      throws UsageException, StartException {
    switch (args.length == 1 ? args[0] : "") {
      case "--list" ->
          DeviceProviders.all()
              .forEach(each -> out.printf("%-8s %s%n", each.name(), each.summary()));
      case "-V", "--version" -> List.of(version(ANY)).forEach(out::println);
      case "-h", "--help" ->
          out.print(
              """
              Usage: vhost-device NAME [OPTION...]
                     vhost-device --list
                     vhost-device --make-archive

              Serves the device NAME, as the program vhost-device-NAME does: 'vhost-device NAME
              --help' tells its options. --list tells the devices, those of further jars in
              VHOST4J_PATH among them. --make-archive makes the class archive, which halves the
              time of a start: once after installing, and for another Java.
              """);
      default ->
          throw new UsageException(
              "which device? Give its name first; 'vhost-device --list' tells them");
    }
    return OK;
  }

  private static int serve(LogLevel level, ProgramService service, PrintStream out)
      throws StartException {
    LogConfigurator.apply(level);
    ServiceManager manager = new ServiceManager(System.getenv("NOTIFY_SOCKET"));
    // D5
    Thread onSignal =
        new Thread(
            () -> {
              log.info("ending");
              manager.tell("STOPPING=1");
              service.stop();
              // The JVM would exit with 143, which service managers take for a failure; and no
              // thread that hangs in the host may keep the process.
              Runtime.getRuntime().halt(OK);
            },
            "stop");
    Runtime.getRuntime().addShutdownHook(onSignal);
    Future<Void> finished;
    try {
      finished = service.start();
    } catch (StartException | RuntimeException | LinkageError | OutOfMemoryError e) {
      service.stop();
      removeHook(onSignal);
      throw e;
    }
    out.println("READY");
    out.flush();
    manager.tell("READY=1");
    finished.onSuccess(done -> new Thread(() -> System.exit(OK), "finished").start());
    return SERVING;
  }

  /** Where a signal was faster, its exit status is the one that counts. */
  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      waitForEver();
    }
  }

  private static void waitForEver() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String[] version(String program) {
    @Nullable String version = DeviceDaemon.class.getPackage().getImplementationVersion();
    return new String[] {
      program + " " + (version == null ? "(not packaged)" : version),
      System.getProperty("java.vm.name")
          + " "
          + System.getProperty("java.runtime.version")
          + ", "
          + System.getProperty("java.vm.vendor")
    };
  }
}
