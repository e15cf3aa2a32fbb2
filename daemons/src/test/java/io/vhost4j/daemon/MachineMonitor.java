package io.vhost4j.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vhost4j.testkit.LinuxGuest;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * The monitor of a guest's QEMU: what an operator does to a machine, in the QEMU Machine Protocol.
 */
final class MachineMonitor implements AutoCloseable {
  private final SocketChannel channel;
  private final BufferedReader lines;

  private MachineMonitor(SocketChannel channel) throws IOException {
    this.channel = channel;
    this.lines = new BufferedReader(Channels.newReader(channel, UTF_8));
    String greeting = lines.readLine();
    if (greeting == null || !greeting.startsWith("{\"QMP\"")) {
      throw new IOException("no monitor, as it says " + greeting);
    }
    execute("qmp_capabilities");
  }

  /** Options of boot.sh that make the machine listen. */
  static String[] options(Path socket) {
    return new String[] {"--qemu", "-qmp", "--qemu", "unix:" + socket + ",server=on,wait=off"};
  }

  /** Connects as soon as the guest's machine listens. */
  static MachineMonitor connect(LinuxGuest guest, Path socket) throws Exception {
    while (true) {
      guest.requireAlive();
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
        return new MachineMonitor(channel);
      } catch (SocketException e) { // nobody listens yet
        channel.close();
        Thread.sleep(20);
      }
    }
  }

  /** Stops the processors and devices of the machine. */
  void pause() throws IOException {
    execute("stop");
  }

  /** Lets the machine go on. */
  void resume() throws IOException {
    execute("cont");
  }

  private void execute(String command) throws IOException {
    channel.write(ByteBuffer.wrap("{\"execute\": \"%s\"}\n".formatted(command).getBytes(UTF_8)));
    String line = lines.readLine();
    while (line != null && line.contains("\"event\"")) {
      line = lines.readLine();
    }
    if (line == null || !line.startsWith("{\"return\"")) {
      throw new IOException("the monitor answers " + command + " with " + line);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
