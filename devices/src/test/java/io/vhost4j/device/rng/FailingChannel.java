package io.vhost4j.device.rng;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.concurrent.atomic.AtomicReference;

/** A file of which a read fails when a test says so, once. */
final class FailingChannel implements SeekableByteChannel {
  private final SeekableByteChannel file;
  private final AtomicReference<String> next;

  /**
   * @param next simple name of what the next read throws, empty for nothing
   */
  FailingChannel(SeekableByteChannel file, AtomicReference<String> next) {
    this.file = file;
    this.next = next;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    switch (next.getAndSet("")) {
      case "" -> {}
      case "IOException" -> throw new IOException("the disk is gone");
      case "OutOfMemoryError" -> throw new OutOfMemoryError("of the test");
      default -> throw new IllegalStateException("of the test");
    }
    return file.read(target);
  }

  @Override
  public long position() throws IOException {
    return file.position();
  }

  @Override
  public SeekableByteChannel position(long position) throws IOException {
    file.position(position);
    return this;
  }

  @Override
  public int write(ByteBuffer source) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long size() throws IOException {
    return file.size();
  }

  @Override
  public boolean isOpen() {
    return file.isOpen();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
