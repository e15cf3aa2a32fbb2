package io.vhost4j.device.can;

import io.vhost4j.device.DeviceContext;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A bus that does what a test says. Event loop only, but for what it is told before. */
final class ScriptedBus implements CanBus {
  /** What it has taken, as {@link Frames#text} writes it. */
  final List<String> sent = new ArrayList<>();

  /** Answers to come; then it takes every frame and says no more. */
  final Deque<Sent> answers = new ArrayDeque<>();

  boolean takesFd = true;
  boolean confirms;
  int starts;
  @Nullable IOException failure;
  private @Nullable Listener listener;

  Listener listener() {
    return Objects.requireNonNull(listener, "the bus was not joined");
  }

  boolean isJoined() {
    return listener != null;
  }

  @Override
  public boolean takesFd() {
    return takesFd;
  }

  @Override
  public void start(DeviceContext context, Listener itsListener, boolean confirm)
      throws IOException {
    IOException thrown = failure;
    if (thrown != null) {
      throw thrown;
    }
    starts++;
    confirms = confirm;
    listener = itsListener;
  }

  @Override
  public void stop() {
    listener = null;
  }

  @Override
  public Sent send(CanFrame frame) {
    Sent answer = answers.isEmpty() ? Sent.DONE : answers.remove();
    if (answer == Sent.DONE || answer == Sent.UNDERWAY) {
      sent.add(Frames.text(frame));
    }
    return answer;
  }
}
