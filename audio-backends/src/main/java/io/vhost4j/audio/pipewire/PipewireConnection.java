package io.vhost4j.audio.pipewire;

import com.sun.jna.Callback;
import com.sun.jna.CallbackThreadInitializer;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.pipewire.lowlevel.LibC;
import io.vhost4j.audio.pipewire.lowlevel.LibPipewire;
import io.vhost4j.audio.pipewire.lowlevel.PwCoreEvents;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to PipeWire: one thread loop, one context and one core for all streams of a
 * backend. When PipeWire goes away, it tries to connect again, ever less often, and then makes all
 * nodes anew.
 *
 * <p>The lock of the thread loop guards the core, the nodes and all their fields. PipeWire's events
 * come with it held; the data thread never takes it. What must not be done within an event, or not
 * now, is done on a thread of Java's ({@link #schedule}).
 */
final class PipewireConnection {
  /** Size of {@code struct spa_hook}, in bytes. */
  static final int SPA_HOOK_SIZE = 48;

  static final long MAX_BACKOFF_MILLIS = 2000;

  private static final Logger LOG = LoggerFactory.getLogger(PipewireConnection.class);
  private static final long FIRST_BACKOFF_MILLIS = 100;
  private static final long ANSWER_SECONDS = 3;
  private static final long WARNING_PAUSE_NANOS = 10_000_000_000L;
  private static final int EPIPE = 32;
  private static final int EHOSTDOWN = 112;

  private final String remote;
  private final PwCoreEvents.DoneEvent done = this::done;
  private final PwCoreEvents.ErrorEvent error = this::error;
  private final Memory events;
  private final Memory hook = new Memory(SPA_HOOK_SIZE);
  private final ScheduledThreadPoolExecutor control;

  /** What came of the first attempt: empty if PipeWire answered, else what went wrong. */
  private final CompletableFuture<String> answered = new CompletableFuture<>();

  private final long loop;
  private final long context;

  // Guarded by the lock.
  private final Set<PipewireNode> nodes = new LinkedHashSet<>();
  private long core;
  private boolean connected;
  private boolean closed;
  private long backoffMillis = FIRST_BACKOFF_MILLIS;
  private boolean warned;
  private long warnedAt;

  private PipewireConnection(String remote) throws AudioException {
    this.remote = remote;
    nameThreadOf(done);
    nameThreadOf(error);
    events = PwCoreEvents.of(done, error);
    control =
        new ScheduledThreadPoolExecutor(
            1, PipewireConnection::controlThread, new ThreadPoolExecutor.DiscardPolicy());
    loop = LibPipewire.pw_thread_loop_new("pipewire-loop", 0);
    if (loop == 0) {
      throw new AudioException("cannot make a PipeWire loop: " + lastError());
    }
    context = LibPipewire.pw_context_new(LibPipewire.pw_thread_loop_get_loop(loop), 0, 0);
    if (context == 0) {
      String reason = lastError();
      LibPipewire.pw_thread_loop_destroy(loop);
      throw new AudioException(
          "cannot use libpipewire: "
              + reason
              + "; is its configuration client.conf installed? set PIPEWIRE_DEBUG=3 for more");
    }
  }

  private static Thread controlThread(Runnable task) {
    Thread thread = new Thread(task, "pipewire-control");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Connects, and waits for PipeWire's answer for some seconds at most.
   *
   * @param remote name or absolute path of the socket, empty for the environment's
   */
  static PipewireConnection open(String remote) throws AudioException {
    PipewireConnection connection = new PipewireConnection(remote);
    try {
      connection.start();
      return connection;
    } catch (AudioException e) {
      connection.close();
      throw e;
    }
  }

  private void start() throws AudioException {
    int result = LibPipewire.pw_thread_loop_start(loop);
    if (result < 0) {
      throw new AudioException("cannot start PipeWire's thread: " + LibC.strerror(-result));
    }
    startControl();
    lock();
    try {
      if (!connect()) {
        throw new AudioException(cannotConnect(lastError()));
      }
    } finally {
      unlock();
    }
    String failure;
    try {
      failure = answered.get(ANSWER_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      failure = "no answer";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = "interrupted";
    }
    if (!failure.isEmpty()) {
      throw new AudioException(cannotConnect(failure));
    }
  }

  /** Now, so that a want of threads shows here and not when a stream is to end. */
  private void startControl() throws AudioException {
    try {
      control.prestartCoreThread();
    } catch (OutOfMemoryError e) { // that is what Thread.start throws
      throw new AudioException("cannot start a thread for PipeWire: " + e.getMessage(), e);
    }
  }

  private static String lastError() {
    int errno = Native.getLastError();
    return errno == EHOSTDOWN ? "there is no such socket" : LibC.strerror(errno);
  }

  private String cannotConnect(String reason) {
    return "cannot connect to PipeWire at "
        + socket()
        + ": "
        + reason
        + "; is it running? start pipewire and wireplumber for this user,"
        + " or set XDG_RUNTIME_DIR to that of the user who runs them";
  }

  /** What libpipewire makes of the environment, for people to read. */
  private String socket() {
    String name = System.getenv("PIPEWIRE_REMOTE");
    if (name == null || name.isEmpty()) {
      name = remote.isEmpty() ? "pipewire-0" : remote;
    }
    String directory = System.getenv("PIPEWIRE_RUNTIME_DIR");
    if (directory == null) {
      directory = System.getenv("XDG_RUNTIME_DIR");
    }
    return name.startsWith("/") || name.startsWith("@")
        ? name
        : (directory == null ? "/run/pipewire" : directory) + "/" + name;
  }

  /** Lets the core be and asks for a sign of life. Locked. */
  private boolean connect() {
    long properties = LibPipewire.pw_properties_new_string("");
    if (!remote.isEmpty()) {
      LibPipewire.pw_properties_set(properties, "remote.name", remote);
    }
    core = LibPipewire.pw_context_connect(context, properties, 0);
    if (core == 0) {
      return false;
    }
    hook.clear();
    LibPipewire.pw_proxy_add_object_listener(
        core, Memory.nativeValue(hook), Memory.nativeValue(events), 0);
    LibPipewire.pw_proxy_sync(core, 0);
    return true;
  }

  /** On the loop's thread, locked: PipeWire lives. */
  private void done(long data, int id, int sequence) {
    if (id == LibPipewire.ID_CORE && !connected) {
      connected = true;
      backoffMillis = FIRST_BACKOFF_MILLIS;
      if (!answered.complete("")) {
        LOG.info("connected to PipeWire at {} again", socket());
      }
    }
  }

  /** On the loop's thread, locked. */
  private void error(long data, int id, int sequence, int result, long message) {
    String text = LibC.getString(message);
    if (id != LibPipewire.ID_CORE || (result != -EPIPE && !text.equals("connection error"))) {
      LOG.debug("PipeWire reports {} for object {}: {}", LibC.strerror(-result), id, text);
      return;
    }
    if (answered.complete(LibC.strerror(-result))) {
      return;
    }
    if (connected) {
      LOG.warn("lost PipeWire at {}: going on without sound until it is back", socket());
    }
    connected = false;
    nodes.forEach(PipewireNode::connectionLost);
    schedule(this::reconnect, 0);
  }

  private void reconnect() {
    lock();
    try {
      if (closed || connected) {
        return;
      }
      nodes.forEach(PipewireNode::disconnect);
      if (core != 0) {
        LibPipewire.pw_core_disconnect(core);
      }
      if (connect()) {
        nodes.forEach(this::reconnect);
      } else {
        schedule(this::reconnect, backoffMillis);
      }
      backoffMillis = Math.min(2 * backoffMillis, MAX_BACKOFF_MILLIS);
    } finally {
      unlock();
    }
  }

  private void reconnect(PipewireNode node) {
    try {
      node.connect();
    } catch (AudioException e) {
      warn(e.getMessage());
    }
  }

  /** Tells of what a guest can have happen as often as it likes, now and then only. Locked. */
  void warn(@Nullable String what) {
    long now = System.nanoTime();
    if (!warned || now - warnedAt >= WARNING_PAUSE_NANOS) {
      warned = true;
      warnedAt = now;
      LOG.warn("{}", what);
    } else {
      LOG.debug("{}", what);
    }
  }

  void lock() {
    LibPipewire.pw_thread_loop_lock(loop);
  }

  void unlock() {
    LibPipewire.pw_thread_loop_unlock(loop);
  }

  /** Address of the {@code pw_core}, 0 while there is none. Locked. */
  long core() {
    return core;
  }

  void add(PipewireNode node) {
    nodes.add(node);
  }

  void remove(PipewireNode node) {
    nodes.remove(node);
  }

  /** Runs a task on the thread for what is not urgent, unlocked. Any thread but the data thread. */
  void schedule(Runnable task, long millis) {
    ScheduledFuture<?> unused = control.schedule(logged(task), millis, TimeUnit.MILLISECONDS);
  }

  private static Runnable logged(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        LOG.error("the PipeWire backend failed", e);
      }
    };
  }

  /**
   * The native threads that call back get a name in Java and keep it until they end: to make one
   * known to the JVM takes long and allocates.
   */
  static void nameThreadOf(Callback callback) {
    Native.setCallbackThreadInitializer(
        callback, new CallbackThreadInitializer(true, false, "pipewire-callback"));
  }

  /** Ends the connection, when what still plays has been played but for some hundred ms at most. */
  void close() {
    awaitNodes();
    control.shutdownNow();
    lock();
    try {
      closed = true;
      List.copyOf(nodes).forEach(PipewireNode::end);
    } finally {
      unlock();
    }
    LibPipewire.pw_thread_loop_stop(loop);
    if (core != 0) {
      LibPipewire.pw_core_disconnect(core);
    }
    LibPipewire.pw_context_destroy(context);
    LibPipewire.pw_thread_loop_destroy(loop);
    hook.close();
    events.close();
  }

  private void awaitNodes() {
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    lock();
    nodes.forEach(node -> ends.add(node.ended()));
    unlock();
    try {
      CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new))
          .get(2 * PipewireNode.MAX_SETTLE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.debug("PipeWire did not finish playing");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
