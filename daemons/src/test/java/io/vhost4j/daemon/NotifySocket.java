package io.vhost4j.daemon;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The service manager's end of {@code sd_notify(3)}. */
final class NotifySocket implements AutoCloseable {
  private final Socket socket;

  /**
   * @param address as in {@code NOTIFY_SOCKET}: a path, or a name behind an {@code @}
   */
  NotifySocket(String address) throws IOException {
    Epoll.ensureAvailability();
    socket = Socket.newSocketDomainDgram();
    socket.bind(new DomainSocketAddress(address.replaceFirst("^@", "\0")));
  }

  /** The next state told; waits for it. */
  String next() throws IOException, InterruptedException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(256);
    while (true) {
      var from = socket.recvFromDomainSocket(buffer, 0, buffer.capacity());
      if (from != null) {
        byte[] bytes = new byte[from.receivedAmount()];
        buffer.get(0, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
      }
      Thread.sleep(5);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
