package io.vhost4j.daemon;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** Just enough of a vhost-user frontend to see that somebody answers. */
final class Frontend implements AutoCloseable {
  private static final int GET_FEATURES = 1;
  private static final int VERSION_1 = 1;

  private final SocketChannel channel;

  Frontend(Path socket) throws IOException {
    channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
  }

  long features() throws IOException {
    return features(channel, channel);
  }

  /** Asks the backend at the other end of a stream for its features. */
  static long features(WritableByteChannel to, ReadableByteChannel from) throws IOException {
    ByteBuffer request = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    request.putInt(GET_FEATURES).putInt(VERSION_1).putInt(0).flip();
    while (request.hasRemaining()) {
      to.write(request);
    }
    ByteBuffer reply = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
    while (reply.hasRemaining()) {
      if (from.read(reply) < 0) {
        throw new EOFException("the backend has hung up");
      }
    }
    return reply.getLong(12);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
