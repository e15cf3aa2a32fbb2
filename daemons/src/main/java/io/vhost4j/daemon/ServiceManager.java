package io.vhost4j.daemon;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager how the daemon is, by the protocol of {@code sd_notify(3)}: one
 * datagram to the Unix socket named by {@code NOTIFY_SOCKET}. Any thread.
 */
final class ServiceManager {
  private static final Logger log = LoggerFactory.getLogger(ServiceManager.class);

  private final @Nullable String socket;

  /**
   * @param socket value of {@code NOTIFY_SOCKET}: a path, or a name in the abstract namespace
   *     behind an {@code @}; null if nobody listens
   */
  ServiceManager(@Nullable String socket) {
    this.socket = socket == null || socket.isEmpty() ? null : socket;
  }

  /** Sends {@code state}, for example {@code READY=1}. A manager that is gone costs a warning. */
  void tell(String state) {
    if (socket == null) {
      return;
    }
    byte[] address = socket.getBytes(StandardCharsets.UTF_8);
    if (address[0] == '@') {
      address[0] = 0;
    }
    byte[] bytes = state.getBytes(StandardCharsets.UTF_8);
    ByteBuffer message = ByteBuffer.allocateDirect(bytes.length).put(bytes);
    Epoll.ensureAvailability();
    Socket datagram = Socket.newSocketDomainDgram();
    try {
      datagram.sendToDomainSocket(message, 0, bytes.length, address);
    } catch (IOException e) {
      log.warn("NOTIFY_SOCKET={}: cannot send {}: {}", socket, state, e.getMessage());
    } finally {
      closeQuietly(datagram);
    }
  }

  private static void closeQuietly(Socket datagram) {
    try {
      datagram.close();
    } catch (IOException e) {
      log.debug("cannot close the notification socket: {}", e.getMessage());
    }
  }
}
