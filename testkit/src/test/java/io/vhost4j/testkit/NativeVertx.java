package io.vhost4j.testkit;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.junit5.VertxProvider;
import io.vhost4j.event.NativeTransport;

/**
 * For tests that take a Vert.x instance: one on epoll, with several event loops. Public for the
 * extension.
 */
public final class NativeVertx implements VertxProvider {
  static final int LOOPS = 4;

  @Override
  public Vertx get() {
    return NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(LOOPS));
  }
}
