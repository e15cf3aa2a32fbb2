package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Somebody at a control socket. */
final class ControlClient implements AutoCloseable {
  private final SocketChannel socket;
  private final BufferedReader in;

  ControlClient(Path path) throws IOException {
    socket = SocketChannel.open(UnixDomainSocketAddress.of(path));
    in = new BufferedReader(Channels.newReader(socket, StandardCharsets.UTF_8));
  }

  void send(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      socket.write(bytes);
    }
  }

  /** The next line, null at the end. */
  String line() throws IOException {
    return in.readLine();
  }

  /** Sends a command, and returns the lines of its answer without the last one, which is ok. */
  List<String> ask(String command) throws IOException {
    send(command + "\n");
    List<String> answer = new ArrayList<>();
    String line = line();
    while (line != null && !line.equals("ok") && !line.startsWith("error: ")) {
      answer.add(line);
      line = line();
    }
    assertThat(line).as("after %s", answer).isEqualTo("ok");
    return answer;
  }

  /** Asks again until a line of the answer is there. */
  void await(String command, String line) throws Exception {
    long end = System.nanoTime() + 20_000_000_000L;
    List<String> answer = ask(command);
    while (!answer.contains(line)) {
      assertThat(System.nanoTime()).as("%s never in %s", line, answer).isLessThan(end);
      Thread.sleep(20);
      answer = ask(command);
    }
  }

  /** Says that there is nothing more to come. */
  void end() throws IOException {
    socket.shutdownOutput();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
