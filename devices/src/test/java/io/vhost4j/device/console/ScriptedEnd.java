package io.vhost4j.device.console;

import io.vertx.core.Context;
import io.vhost4j.nativeio.Terminal;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An end that a test holds. What it does happens on the event loop. */
final class ScriptedEnd implements HostEnd {
  private @Nullable Context context;
  private @Nullable Runnable changed;
  private ByteBuffer input = ByteBuffer.allocate(0);
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private long room = Long.MAX_VALUE;
  private long leavesAfter = Long.MAX_VALUE;
  private boolean open;
  private Terminal.@Nullable Size size;
  boolean guest;
  boolean closed;

  ScriptedEnd(boolean open) {
    this.open = open;
  }

  private void change() {
    Runnable hears = changed;
    if (hears != null) {
      Objects.requireNonNull(context).runOnContext(v -> hears.run());
    }
  }

  synchronized void type(byte[] bytes) {
    ByteBuffer more = ByteBuffer.allocate(input.remaining() + bytes.length);
    input = more.put(input).put(bytes).flip();
    change();
  }

  synchronized void open(boolean isOpen) {
    open = isOpen;
    change();
  }

  /** Takes so many bytes more, and no further ones. */
  synchronized void room(long bytes) {
    room = bytes;
    change();
  }

  /** Is not there any more when it has taken so many bytes, until it is opened again. */
  synchronized void leaveAfter(long bytes) {
    leavesAfter = bytes;
  }

  synchronized void resize(int columns, int rows) {
    size = new Terminal.Size(columns, rows);
    change();
  }

  synchronized byte[] output() {
    return output.toByteArray();
  }

  synchronized int unread() {
    return input.remaining();
  }

  @Override
  public synchronized void attach(Context loop, Runnable whenChanged) {
    context = loop;
    changed = whenChanged;
  }

  @Override
  public void guest(boolean isThere) {
    guest = isThere;
  }

  @Override
  public synchronized boolean isOpen() {
    return open;
  }

  @Override
  public synchronized int read(ByteBuffer target) {
    int count = Math.min(target.remaining(), input.remaining());
    for (int i = 0; i < count; i++) {
      target.put(input.get());
    }
    return count;
  }

  @Override
  public synchronized void write(ByteBuffer source) {
    while (source.hasRemaining() && room > 0) {
      output.write(source.get());
      room--;
    }
    if (output.size() >= leavesAfter) {
      open = false;
      leavesAfter = Long.MAX_VALUE;
    }
  }

  @Override
  public synchronized Terminal.@Nullable Size size() {
    return size;
  }

  @Override
  public void close(ByteBuffer rest) {
    closed = true;
  }
}
