package io.vhost4j.device.can;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.LoopTask;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A bus with another node that says whatever it hears. */
final class EchoBus implements CanBus {
  private final FrameRing frames = new FrameRing(64);
  private boolean confirms;
  private @Nullable Listener listener;
  private @Nullable LoopTask task;

  @Override
  public boolean takesFd() {
    return true;
  }

  @Override
  public void start(DeviceContext context, Listener itsListener, boolean confirm) {
    confirms = confirm;
    listener = itsListener;
    task = new LoopTask(context, this::echo);
  }

  @Override
  public void stop() {
    listener = null;
    frames.clear();
  }

  @Override
  public Sent send(CanFrame frame) {
    Objects.requireNonNull(task).request();
    if (!frames.offer(frame)) {
      return Sent.FULL;
    }
    return confirms ? Sent.UNDERWAY : Sent.DONE;
  }

  private void echo() {
    Listener present = listener;
    if (present == null) {
      return;
    }
    for (CanFrame frame = frames.peek(); frame != null; frame = frames.peek()) {
      if (confirms) {
        present.confirmed(frame);
      }
      present.received(frame);
      frames.remove();
    }
    present.ready();
  }
}
