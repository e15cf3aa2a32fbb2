package io.vhost4j.daemon;

import io.vertx.core.Future;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioBackends;
import java.io.PrintStream;
import java.security.CodeSource;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code vhost-device-sound}: virtio sound cards for virtual machines, as a process of its own.
 *
 * <p>Stdout carries what programs read and nothing else: {@code READY} once every socket listens,
 * or the answer to {@code --help}, {@code --version} and {@code --print-capabilities}. Everything
 * else is a line on stderr.
 */
public final class SoundDaemon {
  /** Ended as asked. */
  static final int OK = 0;

  /** Could not start on this host. */
  static final int CANNOT_START = 1;

  /** Wrong usage. */
  static final int USAGE = 2;

  /** What {@link #run} returns while the cards are served, by threads of their own. */
  static final int SERVING = -1;

  private static final Logger log = LoggerFactory.getLogger(SoundDaemon.class);

  private SoundDaemon() {}

  /** Starts the daemon; it ends on SIGTERM, SIGINT or SIGHUP. */
  public static void main(String[] args) {
    int status = run(args, System.out, System.err);
    if (status != SERVING) {
      System.exit(status);
    }
    NativeHeap.trimWhenSettled(); // this thread has nothing else to do
  }

  static int run(String[] args, PrintStream out, PrintStream err) {
    // D3: whatever else is asked for.
    if (List.of(args).contains("--print-capabilities")) {
      out.println("{\"type\": \"sound\"}");
      return OK;
    }
    try {
      SoundCommandLine.Request request = commandLine().parse(args);
      if (request instanceof SoundCommandLine.Request.Serve serve) {
        return serve(serve.options(), out);
      }
      out.print(((SoundCommandLine.Request.Print) request).text());
      return OK;
    } catch (UsageException e) {
      err.println(SoundCommandLine.NAME + ": " + e.getMessage());
      err.println("Try '" + SoundCommandLine.NAME + " --help' for all options.");
      return USAGE;
    } catch (StartException e) {
      err.println(SoundCommandLine.NAME + ": " + e.getMessage());
      return CANNOT_START;
    } catch (RuntimeException | LinkageError e) {
      err.println(
          "%s: cannot start, by a defect of the program or of a backend: %s (--log-level=debug"
                  .formatted(SoundCommandLine.NAME, e)
              + " says more)");
      log.debug("cannot start", e);
      return CANNOT_START;
    }
  }

  /** The command line with the backends on the class path. */
  static SoundCommandLine commandLine() throws StartException {
    return new SoundCommandLine(providers(), version());
  }

  private static int serve(DaemonOptions options, PrintStream out) throws StartException {
    LogConfigurator.apply(options.logLevel());
    ServiceManager manager = new ServiceManager(System.getenv("NOTIFY_SOCKET"));
    SoundService service = new SoundService(options);
    Thread onSignal =
        new Thread(
            () -> {
              log.info("ending");
              manager.tell("STOPPING=1");
              service.stop();
              // The JVM would exit with 143, which service managers take for a failure; and no
              // thread that hangs in the host's audio may keep the process.
              Runtime.getRuntime().halt(OK);
            },
            "stop");
    Runtime.getRuntime().addShutdownHook(onSignal);
    Future<Void> finished;
    try {
      finished = service.start();
    } catch (StartException | RuntimeException | LinkageError e) {
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

  /** The audio backends on the class path, by name. */
  private static List<AudioBackendProvider> providers() throws StartException {
    List<AudioBackendProvider> providers;
    try {
      providers = AudioBackends.all();
    } catch (ServiceConfigurationError e) {
      throw new StartException(
          "an audio backend on the class path cannot be loaded: " + e.getMessage(), e);
    }
    requireBackendsOf(System.getenv("VHOST4J_PATH"), providers);
    return providers;
  }

  /** Java takes a jar that is none, or that has no backend, without a word. */
  static void requireBackendsOf(@Nullable String path, List<AudioBackendProvider> providers)
      throws StartException {
    CodeSource own = AudioBackends.class.getProtectionDomain().getCodeSource();
    if (path != null
        && !path.isEmpty()
        && providers.stream()
            .allMatch(p -> own.equals(p.getClass().getProtectionDomain().getCodeSource()))) {
      throw new StartException(
          "VHOST4J_PATH=%s: no audio backend is found there; correct it, or unset it"
              .formatted(path));
    }
  }

  private static String[] version() {
    @Nullable String version = SoundDaemon.class.getPackage().getImplementationVersion();
    return new String[] {
      SoundCommandLine.NAME + " " + (version == null ? "(not packaged)" : version),
      System.getProperty("java.vm.name")
          + " "
          + System.getProperty("java.runtime.version")
          + ", "
          + System.getProperty("java.vm.vendor")
    };
  }
}
