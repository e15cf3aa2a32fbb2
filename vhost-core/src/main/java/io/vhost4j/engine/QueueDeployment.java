package io.vhost4j.engine;

import io.vertx.core.Context;
import io.vertx.core.Deployable;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.impl.ContextBuilderImpl;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.deployment.Deployment;
import io.vertx.core.internal.deployment.DeploymentContext;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Deploys the verticle of a queue on the event loop of its device, where {@link
 * io.vertx.core.Vertx#deployVerticle(Deployable)} takes the next loop of the pool. To Vert.x it is
 * a deployment like any other: it has an id, and what the handler makes in the queue's context,
 * timers for instance, ends with it.
 *
 * <p>On the loop itself both ends are synchronous: the ring runs when {@link #deploy(Context,
 * VirtqueueVerticle)} returns, and takes no further buffer when {@link #end()} does.
 */
final class QueueDeployment implements Deployment {
  private final ContextInternal device;
  private final VirtqueueVerticle verticle;
  private final CloseFuture resources = new CloseFuture();
  private volatile @Nullable ContextInternal context;
  private @Nullable DeploymentContext deployed;

  private QueueDeployment(ContextInternal device, VirtqueueVerticle verticle) {
    this.device = device;
    this.verticle = verticle;
  }

  /**
   * Starts a verticle in a context of its own.
   *
   * @param device a context on the event loop to use, which is the calling thread
   */
  static QueueDeployment deploy(Context device, VirtqueueVerticle verticle) {
    ContextInternal loop = (ContextInternal) device;
    QueueDeployment deployment = new QueueDeployment(loop, verticle);
    // With no parent, as the session knows when to stop its queues, and Vert.x would do it earlier.
    loop.owner().deploymentManager().deploy(null, loop, deployment);
    return deployment;
  }

  /**
   * Stops the verticle, if Vert.x has not done so: {@link VirtqueueVerticle#stopped()} tells. Only
   * then is it undeployed: to Vert.x what is being undeployed is an error when it closes meanwhile,
   * and nothing to wait for. Vert.x that closes undeploys everything by itself.
   */
  void end() {
    stop();
    verticle.stopped().onComplete(stopped -> forget());
  }

  private void forget() {
    if (!device.owner().closeFuture().isClosed()) {
      Objects.requireNonNull(deployed).undeploy(device);
    }
  }

  @Override
  public Future<?> deploy(DeploymentContext deployment) {
    deployed = deployment;
    ContextInternal own =
        ((ContextBuilderImpl) device.owner().contextBuilder())
            .withEventLoop(device.nettyEventLoop())
            .withDeployment(deployment.id())
            .withCloseFuture(resources)
            .build();
    context = own;
    ContextInternal previous = own.beginDispatch();
    try {
      return verticle.deploy(own);
    } catch (Exception | Error e) {
      // Vert.x would forget what fails here without stopping it, and the handler may hold buffers.
      own.reportException(e);
      return Future.succeededFuture();
    } finally {
      own.endDispatch(previous);
    }
  }

  @Override
  public Future<?> undeploy() {
    if (device.inThread()) {
      return stop();
    }
    // Somebody else undeploys it, or closes Vert.x: maybe while the loop is still deploying it.
    Promise<Object> stopped = Promise.promise();
    device.runOnContext(v -> stop().<Object>mapEmpty().onComplete(stopped));
    return stopped.future();
  }

  private Future<?> stop() {
    ContextInternal own = Objects.requireNonNull(context);
    ContextInternal previous = own.beginDispatch();
    try {
      return verticle.undeploy(own);
    } catch (Exception | Error e) {
      return Future.failedFuture(e);
    } finally {
      own.endDispatch(previous);
    }
  }

  @Override
  public Future<?> cleanup() {
    return resources.close();
  }

  @Override
  public Set<Context> contexts() {
    return context == null ? Set.of() : Set.of(context);
  }

  @Override
  public Set<Deployable> instances() {
    return Set.of(verticle);
  }

  @Override
  public DeploymentOptions options() {
    return new DeploymentOptions();
  }

  /** Names the device and the queue, for whoever lists the deployments of Vert.x. */
  @Override
  public String identifier() {
    return verticle.toString();
  }
}
