package io.vhost4j.examples;

import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What the examples' {@code main} methods share: how a program begins to serve and how it ends. */
final class Example {
  private static final long END_SECONDS = 5;

  private Example() {}

  /** Says so, and closes the server, with its socket, when a signal ends the program. */
  static void started(VhostUserServer server, String message) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(server), "end"));
    System.out.println(message);
  }

  private static void close(VhostUserServer server) {
    try {
      server.close().toCompletionStage().toCompletableFuture().get(END_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      System.err.println("the server did not close: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the program: status 1 for what cannot be done, 2 for wrong usage. */
  static void exit(int status, String program, @Nullable Object message) {
    System.err.println(program + ": " + message);
    System.exit(status);
  }
}
