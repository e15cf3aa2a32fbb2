package io.vhost4j.event;

import io.netty.channel.SingleThreadEventLoop;
import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;

/**
 * An action for the next turn of an event loop, again and again: made once, it is scheduled without
 * allocation. Event loop only.
 *
 * <p>A plain task would not do, as the loop runs tasks that make further tasks for up to a second
 * before it looks at a descriptor again. So this one waits for Netty's {@link
 * SingleThreadEventLoop#executeAfterEventLoopIteration end of the turn} and becomes a task there:
 * the loop then looks at its descriptors, without sleeping, before it runs the task.
 */
public final class NextTurn {
  private final ContextInternal context;
  private final SingleThreadEventLoop loop;
  private final Runnable action;
  private final Runnable atEndOfTurn = this::makeTask;
  private final Runnable task = this::run;
  private boolean scheduled;

  /**
   * @param context the context to run the action in, on its event loop; what it throws goes there
   */
  public NextTurn(Context context, Runnable action) {
    this.context = (ContextInternal) context;
    this.loop = (SingleThreadEventLoop) this.context.nettyEventLoop();
    this.action = action;
  }

  /**
   * Runs the action once, after the loop has served all descriptors that are ready. Does nothing if
   * that is to come already.
   */
  public void schedule() {
    if (!scheduled) {
      scheduled = true;
      loop.executeAfterEventLoopIteration(atEndOfTurn);
    }
  }

  private void makeTask() {
    loop.execute(task);
  }

  private void run() {
    scheduled = false;
    context.dispatch(action);
  }
}
