package io.vhost4j.event;

import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollIoHandle;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;

/**
 * Vert.x instances with Netty's epoll transport, and contexts on chosen event loops. Any thread.
 */
public final class NativeTransport {
  private NativeTransport() {}

  /**
   * A Vert.x instance with the epoll transport.
   *
   * @param options further options; the native transport is switched on in them
   * @throws IllegalStateException if the transport cannot be loaded, with the reason
   */
  public static Vertx vertx(VertxOptions options) {
    Vertx vertx = Vertx.vertx(options.setPreferNativeTransport(true));
    try {
      require(vertx);
    } catch (IllegalStateException e) {
      vertx.close();
      throw e;
    }
    return vertx;
  }

  /**
   * Checks that an instance made elsewhere can be used.
   *
   * @throws IllegalStateException if it does not run on epoll, with the reason
   */
  public static void require(Vertx vertx) {
    if (!vertx.isNativeTransportEnabled()) {
      Throwable cause = vertx.unavailableNativeTransportCause();
      throw new IllegalStateException(
          cause == null
              ? "Vert.x runs without its native transport: use"
                  + " VertxOptions.setPreferNativeTransport(true) and have"
                  + " netty-transport-native-epoll on the class path"
              : "Netty's epoll transport cannot be loaded: " + cause.getMessage(),
          cause);
    }
    EventLoop loop = ((VertxInternal) vertx).createEventLoopContext().nettyEventLoop();
    if (!(loop instanceof IoEventLoop io && io.isCompatible(EpollIoHandle.class))) {
      throw new IllegalStateException(
          "Vert.x runs on another native transport than epoll: remove it from the class path");
    }
  }

  /** A new context on the event loop whose turn it is: for a device of its own. */
  public static Context newLoop(Vertx vertx) {
    return ((VertxInternal) vertx).createEventLoopContext();
  }

  /** Whether the calling thread is the event loop of {@code context}. */
  public static boolean onLoop(Context context) {
    return ((ContextInternal) context).nettyEventLoop().inEventLoop();
  }
}
