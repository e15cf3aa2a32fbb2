package io.vhost4j.daemon;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.device.DeviceControl;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.channel.SocketRights;
import io.vhost4j.vhostuser.channel.VhostUserListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Unix socket by which people and scripts work the simulated hardware of one device ({@link
 * DeviceControl}): the owner of the process alone may connect.
 *
 * <p>A client sends commands, one a line. To each there is an answer: lines of the device's, then
 * one that begins with {@code ok} or with {@code error: } and says what was wrong. The commands
 * {@code help} and {@code watch} are of all devices: after the latter, changes are told as they
 * happen, as lines that begin with {@code ! } and stand between answers. A client that ends its
 * side has its answers, then the connection ends.
 *
 * <p>Lines, clients, and what waits for a client that does not read are bounded: it is not obeyed
 * until it has read its answers, and of the changes that it has no room for it is told how many
 * they were. Event loop of the device only, but for {@link #listen} and {@link #close}.
 */
final class ControlSocket implements AutoCloseable {
  /** Most clients at a time. */
  static final int CLIENTS = 16;

  /** Longest line of a client, in bytes without its end. */
  static final int LINE_BYTES = 1024;

  /** Changes that wait for a client that does not read, in bytes of all that waits. */
  private static final int WAITING_BYTES = 1 << 16;

  private static final int OWNER_ONLY = 0600;
  private static final Logger log = LoggerFactory.getLogger(ControlSocket.class);

  private final Context context;
  private final Path path;
  private final DeviceControl control;
  private final Set<Client> clients = new LinkedHashSet<>();
  private @Nullable VhostUserListener listener;

  private ControlSocket(Context context, Path path, DeviceControl control) {
    this.context = context;
    this.path = path;
    this.control = control;
  }

  /**
   * Listens.
   *
   * @param context that of the device
   * @return fails with an IOException whose message says why it cannot
   */
  static Future<ControlSocket> listen(Context context, Path path, DeviceControl control) {
    Promise<ControlSocket> promise = Promise.promise();
    context.runOnContext(
        v -> {
          ControlSocket socket = new ControlSocket(context, path, control);
          try {
            socket.listener =
                VhostUserListener.listen(
                    context, path, new SocketRights(OWNER_ONLY, null), socket::accepted);
            promise.complete(socket);
          } catch (IOException | RuntimeException e) {
            promise.fail(e);
          }
        });
    return promise.future();
  }

  private void accepted(OwnedFd connection) {
    try {
      Client client = new Client(connection);
      clients.add(client);
      if (clients.size() > CLIENTS) {
        client.refuse("there are %d clients already: end one of them".formatted(CLIENTS));
      }
    } catch (IOException e) {
      log.warn("control at {}: {}", path, e.getMessage());
    }
  }

  /** The device tells only if somebody listens, as that costs something. */
  private void updateWatch() {
    boolean isWatched = clients.stream().anyMatch(client -> client.watches);
    control.watch(isWatched ? this::changed : null);
  }

  private void changed(String change) {
    for (Client client : List.copyOf(clients)) {
      client.changed(change);
    }
  }

  /** Stops listening, removes the socket and ends all connections. Blocks. */
  @Override
  public void close() {
    Promise<Void> closed = Promise.promise();
    context.runOnContext(
        v -> {
          if (listener != null) {
            listener.close();
          }
          List.copyOf(clients).forEach(Client::end);
          closed.complete();
        });
    closed.future().await();
  }

  @Override
  public String toString() {
    return "control at " + path;
  }

  /** One connection. */
  private final class Client {
    private final OwnedFd socket;
    private final FdRegistration registration;
    private final ByteBuffer in = ByteBuffer.allocateDirect(LINE_BYTES + 1);

    /** From its position on it is to be sent; empty most of the time. Grows, and is used again. */
    private ByteBuffer out = ByteBuffer.allocateDirect(LINE_BYTES).limit(0);

    private boolean watches;
    private int lost;

    /** There is nothing more to obey. */
    private boolean ending;

    Client(OwnedFd socket) throws IOException {
      this.socket = socket;
      this.registration = FdRegistration.open(context, socket, Interest.READ_LEVEL, this::ready);
    }

    private void ready() {
      try {
        if (!ending && !out.hasRemaining()) {
          int count = UnixSocket.receive(socket, in);
          ending = count == 0;
        }
        flush();
        obeyAll();
      } catch (IOException e) { // gone
        end();
      }
    }

    /** Obeys what has come in, as long as the client takes the answers. */
    private void obeyAll() throws IOException {
      in.flip();
      while (!out.hasRemaining()) {
        String line = nextLine();
        if (line == null) {
          break;
        }
        send(answer(line.strip()));
      }
      in.compact();
      if (!in.hasRemaining() && !out.hasRemaining()) {
        refuse("a line has %d bytes at most".formatted(LINE_BYTES));
      } else if (!out.hasRemaining() && ending) {
        end();
      } else {
        registration.interest(out.hasRemaining() ? Interest.WRITE_LEVEL : Interest.READ_LEVEL);
      }
    }

    private @Nullable String nextLine() {
      for (int i = in.position(); i < in.limit(); i++) {
        if (in.get(i) == '\n') {
          byte[] line = new byte[i - in.position()];
          in.get(line).get();
          return new String(line, StandardCharsets.UTF_8);
        }
      }
      return null;
    }

    private String answer(String line) {
      if (line.isEmpty()) {
        return "";
      }
      List<String> words = List.of(line.split("\\s+", -1));
      StringBuilder answer = new StringBuilder();
      switch (line) {
        case "help" -> {
          control.commands().forEach(each -> answer.append(each).append('\n'));
          answer.append("watch - tells each change from now on, as a line that begins with !\n");
          answer.append("help - tells this\n");
        }
        case "watch" -> {
          watches = true;
          updateWatch();
        }
        default -> {
          try {
            control.obey(words).forEach(each -> answer.append(each).append('\n'));
          } catch (DeviceControl.Refused e) {
            return "error: " + e.getMessage() + "\n";
          } catch (RuntimeException e) {
            log.error("control at {}: '{}' failed", path, line, e);
            return "error: the device has a defect: " + e + "\n";
          }
        }
      }
      return answer.append("ok\n").toString();
    }

    private void changed(String change) {
      if (!watches) {
        return;
      }
      if (out.remaining() > WAITING_BYTES) {
        lost++;
        return;
      }
      try {
        send((lost > 0 ? "! %d changes were lost\n".formatted(lost) : "") + "! " + change + "\n");
        lost = 0;
        if (out.hasRemaining()) {
          registration.interest(Interest.WRITE_LEVEL);
        }
      } catch (IOException e) {
        end();
      }
    }

    private void send(String text) throws IOException {
      if (!clients.contains(this)) { // a change could not be told, while a command is obeyed
        throw new IOException("the client is gone");
      }
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      int length = out.remaining() + bytes.length;
      if (length > out.capacity()) {
        out = ByteBuffer.allocateDirect(Math.max(length, 2 * out.capacity())).put(out);
      } else {
        out.compact();
      }
      out.put(bytes).flip();
      flush();
    }

    private void flush() throws IOException {
      if (out.hasRemaining()) {
        int unused = UnixSocket.send(socket, out);
      }
    }

    private void refuse(String reason) {
      try {
        send("error: " + reason + "\n");
      } catch (IOException e) {
        // It is gone already.
      }
      end();
    }

    private void end() {
      registration.close();
      clients.remove(this);
      if (watches) {
        watches = false;
        updateWatch();
      }
    }
  }
}
