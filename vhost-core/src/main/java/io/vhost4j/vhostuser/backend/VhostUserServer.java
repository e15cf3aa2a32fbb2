package io.vhost4j.vhostuser.backend;

import io.vertx.core.Closeable;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.engine.DeviceEngine;
import io.vhost4j.engine.Polling;
import io.vhost4j.engine.QueueCounters;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.channel.SocketRights;
import io.vhost4j.vhostuser.channel.VhostUserListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Serves one virtio device on a vhost-user socket, to one frontend after the other: who connects
 * while another is served waits.
 *
 * <pre>{@code
 * VhostUserServer server = VhostUserServer.create(vertx, device);
 * server
 *     .listen(Path.of("/run/sound.sock"))
 *     .onSuccess(listening -> System.out.println("ready"))
 *     .onFailure(failure -> System.err.println(failure.getMessage()));
 * }</pre>
 *
 * <p>Lives as a {@code NetServer} does: a server that was created in a verticle is closed when that
 * is undeployed, any other one when its Vert.x instance closes.
 *
 * <p>Everything of the device runs on one event loop, which is chosen at creation. Methods may be
 * called from any thread.
 */
public final class VhostUserServer {
  private final DeviceEngine engine;
  private final Context context;
  private final VertxInternal vertx;
  private final Promise<Void> finished = Promise.promise();

  /** Of the verticle that has created this server, or of Vert.x. */
  private final CloseFuture owner;

  private final Closeable closedWithOwner = done -> close().onComplete(done);

  private String label;
  private boolean listening;
  private @Nullable VhostUserListener listener;
  private @Nullable BackendSession session;
  private @Nullable Future<Void> closing;
  // As in QueueCounters: written by the loop, read by anyone a moment late.
  private long connections;
  private boolean connected;

  private VhostUserServer(Vertx vertx, VirtioDevice device, Polling polling) {
    this.vertx = (VertxInternal) vertx;
    this.engine = DeviceEngine.create(vertx, device, polling, () -> label);
    this.label = engine.name();
    this.context = engine.context();
    ContextInternal creator = this.vertx.getContext();
    this.owner = creator == null ? this.vertx.closeFuture() : creator.closeFuture();
    if (!owner.add(closedWithOwner)) {
      throw new IllegalStateException(
          engine.name() + ": the verticle or Vert.x instance that is to serve it has been closed");
    }
  }

  /**
   * A server that does not listen yet.
   *
   * @param vertx has the native transport, see {@link NativeTransport#vertx}
   * @param device served by this server alone, which closes it in the end
   * @throws IllegalStateException if {@code vertx} runs without epoll, or it or the calling
   *     verticle has been closed
   * @throws IllegalArgumentException if the device offers features that it does not own, see {@link
   *     VirtioDevice#features()}
   */
  public static VhostUserServer create(Vertx vertx, VirtioDevice device) {
    return create(vertx, device, Polling.whileItPays());
  }

  /**
   * A server that does not listen yet.
   *
   * @param polling how long the event loop looks at a ring that has run empty, in place of sleeping
   *     until the driver kicks
   * @see #create(Vertx, VirtioDevice)
   */
  public static VhostUserServer create(Vertx vertx, VirtioDevice device, Polling polling) {
    return new VhostUserServer(vertx, device, polling);
  }

  /**
   * Listens at {@code path}. A socket left behind by a process that is gone is replaced; the own
   * one is removed by {@link #close()}.
   *
   * @return this server, which listens now; fails with an {@link IOException} that names the path
   *     if it cannot be had, and with an {@link IllegalStateException} if the server listens
   *     already or has been closed
   */
  public Future<VhostUserServer> listen(Path path) {
    return listen(path, SocketRights.USUAL);
  }

  /**
   * Listens at {@code path}, where only those may connect whom {@code rights} let.
   *
   * @return fails as that of {@link #listen(Path)}, and with an {@link IOException} if this process
   *     may not give the socket these rights
   */
  public Future<VhostUserServer> listen(Path path, SocketRights rights) {
    return onLoop(
        () -> {
          beginToListen(path.toString());
          try {
            listener = VhostUserListener.listen(context, path, rights, this::accepted);
          } catch (IOException e) {
            listening = false; // another path may do
            throw e;
          }
          return this;
        });
  }

  /**
   * Serves on an inherited descriptor: a listening socket goes on listening, a connected one is the
   * only frontend (D2), see {@link #finished()}.
   *
   * @param fd number of the descriptor, which belongs to the server from now on
   * @return this server, which listens or serves now; fails with an {@link IOException} if it is no
   *     Unix stream socket, and with an {@link IllegalStateException} if the server listens already
   *     or has been closed
   */
  public Future<VhostUserServer> listen(int fd) {
    return onLoop(
        () -> {
          OwnedFd socket = new OwnedFd(fd);
          try {
            beginToListen("fd " + fd);
            if (!UnixSocket.isUnixStream(socket)) {
              throw new IOException("file descriptor " + fd + " is not a Unix stream socket");
            }
            if (UnixSocket.isListening(socket)) {
              listener = VhostUserListener.adopt(context, socket, this::accepted);
            } else {
              serve(socket).onComplete(gone -> finished.tryComplete());
            }
            return this;
          } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
          }
        });
  }

  private void beginToListen(String where) {
    if (listening || closing != null) {
      throw new IllegalStateException(
          engine.name() + ": the server listens already or has been closed");
    }
    listening = true;
    label = engine.name() + " " + where;
  }

  private <T extends @Nullable Object> Future<T> onLoop(Callable<T> action) {
    ContextInternal caller = vertx.getContext();
    Promise<T> promise = caller == null ? Promise.promise() : caller.promise();
    context.runOnContext(
        v -> {
          try {
            promise.complete(action.call());
          } catch (Exception | Error e) { // an installation that is not complete, for one
            promise.fail(e);
          }
        });
    return promise.future();
  }

  private void accepted(OwnedFd socket) {
    setPaused(true);
    try {
      serve(socket).onComplete(gone -> setPaused(false));
    } catch (IOException | RuntimeException | Error e) {
      engine.log().warn("connection refused: {}", e.toString());
      socket.close();
      setPaused(false);
    }
  }

  /** One frontend at a time: the device is one. */
  private void setPaused(boolean paused) {
    if (listener != null && closing == null) {
      if (paused) {
        listener.pause();
      } else {
        listener.resume();
      }
    }
  }

  /**
   * Serves one frontend.
   *
   * @return completes when it is gone and nothing of it is left
   */
  private Future<Void> serve(OwnedFd socket) throws IOException {
    BackendSession next = new BackendSession(engine, socket, this::hasSpoken);
    session = next;
    next.begin();
    return next.ended()
        .onComplete(
            done -> {
              session = null;
              connected = false;
            });
  }

  /** A frontend is served, which is worth to be told, and whoever comes now has to wait. */
  private void hasSpoken() {
    connections++;
    connected = true;
    if (listener != null) {
      listener.tellOfWaiting(
          () -> engine.log().info("another frontend waits: one is served at a time"));
    }
  }

  /**
   * Completes when this server will serve nobody any more: it has been closed, or the frontend at
   * the other end of a connected descriptor has gone. Never fails.
   */
  public Future<Void> finished() {
    return finished.future();
  }

  /**
   * Stops listening, disconnects the frontend, and closes the device. Waits for the device to
   * return its buffers, as long as that takes: who cannot wait for a device that is stuck sets a
   * limit and ends the process.
   *
   * @return completes when all is released; the same future at each call
   */
  public Future<Void> close() {
    return onLoop(this::closeOnLoop).compose(done -> done);
  }

  private Future<Void> closeOnLoop() {
    if (closing == null) {
      if (listener != null) {
        listener.close();
      }
      BackendSession present = session;
      Future<Void> ended = present == null ? Future.succeededFuture() : present.ended();
      closing =
          ended
              .eventually(engine::close)
              .onComplete(
                  done -> {
                    owner.remove(closedWithOwner);
                    finished.tryComplete();
                  });
      if (present != null) {
        present.close(BackendSession.SERVER_CLOSES);
      }
    }
    return closing;
  }

  /** The context of the device, on its event loop: also while nobody is connected. */
  public Context context() {
    return context;
  }

  /** The device's name, as {@link VirtioDevice#name()} gives it. */
  String name() {
    return engine.name();
  }

  List<QueueCounters> queueCounters() {
    return engine.counters();
  }

  long connections() {
    return connections;
  }

  boolean isConnected() {
    return connected;
  }
}
