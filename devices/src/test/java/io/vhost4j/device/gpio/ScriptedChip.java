package io.vhost4j.device.gpio;

import io.vhost4j.device.DeviceContext;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A chip of three lines that may block: it tells what it was asked for, and can be kept waiting.
 */
final class ScriptedChip implements GpioChip {
  static final int LINES = 3;

  /** Calls: {@code 0 OUTPUT_HIGH}, {@code 0 read}, {@code look}. */
  final List<String> calls = new CopyOnWriteArrayList<>();

  /** A call waits for a permit. */
  final Semaphore permits = new Semaphore(Integer.MAX_VALUE / 2);

  final Semaphore begun = new Semaphore(0);

  /** Calls whose end it was told. */
  final AtomicInteger ended = new AtomicInteger();

  volatile boolean isHigh;
  volatile boolean isClosed;
  volatile @Nullable IOException failure;
  private @Nullable Listener listener;

  Listener listener() {
    return Objects.requireNonNull(listener);
  }

  void stuck() {
    int unused = permits.drainPermits();
  }

  @Override
  public List<String> names() {
    return List.of("a", "b", "c");
  }

  @Override
  public boolean mayBlock() {
    return true;
  }

  private void called(String what) throws IOException {
    calls.add(what);
    begun.release();
    permits.acquireUninterruptibly();
    IOException thrown = failure;
    if (thrown != null) {
      throw thrown;
    }
  }

  @Override
  public void configure(int line, Use use) throws IOException {
    called(line + " " + use);
  }

  @Override
  public boolean isHigh(int line) throws IOException {
    called(line + " read");
    return isHigh;
  }

  @Override
  public void look() throws IOException {
    called("look");
  }

  @Override
  public void called() {
    ended.incrementAndGet();
  }

  @Override
  public void close() {
    isClosed = true;
  }

  @Override
  public void connected(DeviceContext context, Listener whoListens) {
    listener = whoListens;
  }

  @Override
  public String toString() {
    return "a scripted chip";
  }
}
