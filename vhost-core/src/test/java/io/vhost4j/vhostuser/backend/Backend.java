package io.vhost4j.vhostuser.backend;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.engine.Polling;
import io.vhost4j.event.NativeTransport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A Vert.x instance with one event loop for all servers of a test; one per test method. After each
 * test the process must hold what it held before.
 */
final class Backend implements AfterEachCallback {
  private final List<VhostUserServer> servers = new ArrayList<>();
  private final List<Path> paths = new ArrayList<>();
  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Polling polling;
  private final Logs logs = new Logs();
  private final Path directory;
  private final Resources before;

  /** One whose servers do not poll. */
  Backend() {
    this(Polling.never());
  }

  Backend(Polling polling) {
    this.polling = polling;
    try {
      directory = Files.createTempDirectory("vhost4j");
      settle();
      before = Resources.held();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void afterEach(ExtensionContext test) throws Exception {
    try {
      for (VhostUserServer server : servers) {
        Await.result(server.close());
      }
      if (test.getExecutionException().isEmpty()) {
        Await.eventually(Resources::held, held -> held.assertNoMoreThan(before));
      }
    } finally {
      logs.close();
      Await.result(vertx.close());
      for (Path path : paths) {
        Files.deleteIfExists(path);
      }
      Files.delete(directory);
    }
  }

  Vertx vertx() {
    return vertx;
  }

  Logs logs() {
    return logs;
  }

  /** A path for a socket. */
  Path path(String name) {
    Path path = directory.resolve(name + ".sock");
    paths.add(path);
    return path;
  }

  /** With and without polling. */
  static List<Polling> pollings() {
    return List.of(Polling.never(), Polling.upTo(Polling.LONGEST));
  }

  /** A server that does not listen. */
  VhostUserServer server(TestDevice device) {
    return server(device, polling);
  }

  private VhostUserServer server(TestDevice device, Polling polling) {
    VhostUserServer server = VhostUserServer.create(vertx, device, polling);
    servers.add(server);
    return server;
  }

  /** Serves a device; returns where. */
  Path serve(TestDevice device) throws Exception {
    return serve(device, polling);
  }

  /** Serves a device by a server that polls so. */
  Path serve(TestDevice device, Polling polling) throws Exception {
    Path path = path(device.name());
    Await.result(server(device, polling).listen(path));
    return path;
  }

  VhostUserServer lastServer() {
    return servers.get(servers.size() - 1);
  }

  /** Runs on the one event loop and waits for the result. */
  <T> T onLoop(Callable<T> action) throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    NativeTransport.newLoop(vertx)
        .runOnContext(
            v -> {
              try {
                result.complete(action.call());
              } catch (Throwable t) {
                result.completeExceptionally(t);
              }
            });
    return result.get(Await.SECONDS, TimeUnit.SECONDS);
  }

  void onLoop(Runnable action) throws Exception {
    onLoop(
        () -> {
          action.run();
          return 0;
        });
  }

  /** Waits until everything that is ready now has been handled by the loop. */
  final void settle() throws Exception {
    for (int i = 0; i < 3; i++) {
      CompletableFuture<Boolean> turn = new CompletableFuture<>();
      vertx.setTimer(1, t -> turn.complete(true));
      turn.get(Await.SECONDS, TimeUnit.SECONDS);
    }
  }

  /** Checks that a well-behaved frontend is served: each queue copies. */
  void assertServes(Path path, int queueCount) throws Exception {
    try (Guest guest = Guest.running(path, queueCount)) {
      for (Guest.Queue queue : guest.queues) {
        guest.play(queue);
        guest.play(queue);
      }
    }
  }
}
