package io.vhost4j.daemon;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers HTTP requests, one to a connection, on a thread of its own that sleeps while there are
 * none. No client holds up another: nothing here waits for one, a connection lasts some seconds at
 * most, and where there are too many the oldest goes.
 */
final class HttpListener implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HttpListener.class);

  static final int MAX_CONNECTIONS = 64;
  private static final int MAX_HEAD_BYTES = 8192;
  private static final long LIFE_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * An answer.
   *
   * @param status code and reason, for example {@code 200 OK}
   * @param type of the body, a media type
   */
  record Response(String status, String type, String body) {}

  /** What there is to be seen. Runs on the listener's thread. */
  interface Site {
    /**
     * @param path that of the request's target, decoded
     */
    Response get(String path);
  }

  private final Site site;
  private final Selector selector;
  private final ServerSocketChannel server;
  private final SelectionKey acceptKey;
  private final Thread thread = new Thread(this::run, "metrics");

  /** Those open, the oldest first. The listener's thread only. */
  private final Deque<Connection> connections = new ArrayDeque<>();

  private long acceptAgainAt;
  private volatile boolean closing;

  private HttpListener(Site site, Selector selector, ServerSocketChannel server)
      throws IOException {
    this.site = site;
    this.selector = selector;
    this.server = server;
    server.configureBlocking(false);
    this.acceptKey = server.register(selector, SelectionKey.OP_ACCEPT);
    thread.setDaemon(true);
  }

  /**
   * @throws IOException if the address cannot be listened on
   */
  static HttpListener start(InetSocketAddress address, Site site) throws IOException {
    Selector selector = Selector.open();
    ServerSocketChannel server = ServerSocketChannel.open();
    try {
      server.bind(address, MAX_CONNECTIONS);
      HttpListener listener = new HttpListener(site, selector, server);
      listener.thread.start();
      return listener;
    } catch (IOException | RuntimeException e) {
      server.close();
      selector.close();
      throw e;
    }
  }

  /** The address in use, whose port is a real one even if 0 was asked for. */
  InetSocketAddress address() {
    return new InetSocketAddress(server.socket().getInetAddress(), server.socket().getLocalPort());
  }

  /** Ends all connections. Blocks until that is done, which is soon. */
  @Override
  public void close() {
    closing = true;
    selector.wakeup();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try (selector;
        server) {
      while (!closing) {
        selector.select(this::ready, millisToSleep());
        long now = System.nanoTime();
        while (!connections.isEmpty() && now - connections.getFirst().endsAt >= 0) {
          connections.getFirst().close();
        }
        if (acceptKey.interestOps() == 0 && now - acceptAgainAt >= 0) {
          acceptKey.interestOps(SelectionKey.OP_ACCEPT);
        }
      }
      while (!connections.isEmpty()) {
        connections.getFirst().close();
      }
    } catch (IOException | RuntimeException e) {
      log.error("no metrics are served any more", e);
    }
  }

  /** 0 for ever. */
  private long millisToSleep() {
    long now = System.nanoTime();
    long nanos = Long.MAX_VALUE;
    if (!connections.isEmpty()) {
      nanos = connections.getFirst().endsAt - now;
    }
    if (acceptKey.interestOps() == 0) {
      nanos = Math.min(nanos, acceptAgainAt - now);
    }
    return nanos == Long.MAX_VALUE ? 0 : Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos) + 1);
  }

  private void ready(SelectionKey key) {
    if (key == acceptKey) {
      accept();
      return;
    }
    Connection connection = (Connection) key.attachment();
    try {
      connection.goOn();
    } catch (IOException | RuntimeException e) {
      log.debug("metrics: connection closed: {}", e.toString());
      connection.close();
    }
  }

  private void accept() {
    try {
      SocketChannel channel = server.accept();
      if (channel == null) {
        return;
      }
      if (connections.size() == MAX_CONNECTIONS) {
        connections.getFirst().close();
      }
      channel.configureBlocking(false);
      connections.addLast(new Connection(channel));
    } catch (IOException e) {
      // Too many open files, mostly. What waits keeps the socket readable: do not ask at once.
      log.debug("metrics: cannot accept a connection: {}", e.getMessage());
      acceptKey.interestOps(0);
      acceptAgainAt = System.nanoTime() + RETRY_NANOS;
    }
  }

  /**
   * A request that comes, then its answer that goes, then the client's end, which is waited for.
   */
  private final class Connection {
    private final SocketChannel channel;
    private final SelectionKey key;
    private final long endsAt = System.nanoTime() + LIFE_NANOS;
    private final ByteBuffer head = ByteBuffer.allocate(MAX_HEAD_BYTES);
    private int scanned;
    private @Nullable ByteBuffer answer;

    Connection(SocketChannel channel) throws IOException {
      this.channel = channel;
      this.key = channel.register(selector, SelectionKey.OP_READ, this);
    }

    void goOn() throws IOException {
      if (answer != null && answer.hasRemaining()) {
        write(answer);
      } else {
        read();
      }
    }

    private void read() throws IOException {
      if (answer != null) {
        head.clear(); // a body, or whatever: closing with it unread would cut the answer short
      }
      if (channel.read(head) < 0) {
        close();
      } else if (answer == null && (isComplete() || !head.hasRemaining())) {
        answer = answer(new String(head.array(), 0, scanned, StandardCharsets.ISO_8859_1));
        write(answer);
      }
    }

    /** Whether the empty line has come; it is the end of what is scanned. */
    private boolean isComplete() {
      for (; scanned < head.position(); scanned++) {
        if (head.get(scanned) == '\n' && scanned > 0) {
          int before = head.get(scanned - 1) == '\r' ? scanned - 2 : scanned - 1;
          if (before >= 0 && head.get(before) == '\n') {
            return true;
          }
        }
      }
      return false;
    }

    private void write(ByteBuffer bytes) throws IOException {
      channel.write(bytes);
      if (bytes.hasRemaining()) {
        key.interestOps(SelectionKey.OP_WRITE);
      } else {
        channel.shutdownOutput();
        key.interestOps(SelectionKey.OP_READ);
      }
    }

    void close() {
      connections.remove(this);
      key.cancel();
      try {
        channel.close();
      } catch (IOException e) {
        log.debug("metrics: cannot close a connection: {}", e.getMessage());
      }
    }

    private ByteBuffer answer(String request) {
      String line = request.lines().findFirst().orElse("");
      String[] words = line.split(" ", -1);
      if (scanned == MAX_HEAD_BYTES) {
        return bytes(text("431 Request Header Fields Too Large", "too long"), "GET");
      }
      if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
        return bytes(text("400 Bad Request", "this is not HTTP/1"), "GET");
      }
      if (!words[0].equals("GET") && !words[0].equals("HEAD")) {
        return bytes(text("405 Method Not Allowed", "only GET and HEAD"), words[0]);
      }
      String path;
      try {
        path = URI.create(words[1]).getPath();
      } catch (IllegalArgumentException e) {
        return bytes(text("400 Bad Request", "this is no address"), words[0]);
      }
      return bytes(site.get(path == null ? "" : path), words[0]);
    }
  }

  static Response text(String status, String body) {
    return new Response(status, "text/plain; charset=utf-8", body + "\n");
  }

  private static ByteBuffer bytes(Response response, String method) {
    byte[] body = response.body().getBytes(StandardCharsets.UTF_8);
    String head =
        "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n"
            .formatted(response.status(), response.type(), body.length);
    byte[] start = head.getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer all = ByteBuffer.allocate(start.length + body.length).put(start);
    if (!method.equals("HEAD")) {
      all.put(body);
    }
    return all.flip();
  }
}
