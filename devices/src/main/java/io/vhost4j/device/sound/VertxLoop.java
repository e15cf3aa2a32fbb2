package io.vhost4j.device.sound;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceLog;
import io.vhost4j.device.LoopTask;
import io.vhost4j.event.LoopTimer;
import io.vhost4j.event.NextTurn;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** The event loop behind a Vert.x context. */
final class VertxLoop implements EventLoop {
  private final DeviceContext device;

  /** Made for the first stream that lives on the loop. */
  private @Nullable LoopTimer deadlines;

  VertxLoop(DeviceContext device) {
    this.device = device;
  }

  @Override
  public Task newTask(Runnable task) {
    return new LoopTask(device, task)::request;
  }

  @Override
  public Task newTurn(Runnable task) {
    return new NextTurn(device.context(), task)::schedule;
  }

  @Override
  public DeviceLog log() {
    return device.log();
  }

  @Override
  public void fail(String reason) {
    device.fail(reason);
  }

  @Override
  public Timer newTimer(Runnable task) {
    LoopTimer.Deadline deadline = deadlines().deadline(task);
    return new Timer() {
      @Override
      public void arm(long nanos) {
        deadline.schedule(System.nanoTime() + nanos);
      }

      @Override
      public void disarm() {
        deadline.cancel();
      }
    };
  }

  private LoopTimer deadlines() {
    if (deadlines == null) {
      try {
        deadlines = LoopTimer.create(device.context());
      } catch (IOException e) {
        throw new UncheckedIOException("no timer for the streams of a device", e);
      }
    }
    return deadlines;
  }

  @Override
  public void close() {
    if (deadlines != null) {
      deadlines.close();
    }
  }
}
