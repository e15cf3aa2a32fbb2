package io.vhost4j.daemon;

import io.vhost4j.device.VirtioDeviceProvider;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The arguments with which QEMU plugs in the devices, for a shell. */
final class QemuArguments {
  /** What needs no quotes in any shell. */
  private static final String PLAIN = "[A-Za-z0-9_@%+=:,./-]+";

  private QemuArguments() {}

  /**
   * Lines to be pasted behind {@code qemu-system-x86_64 ... \}, or for {@code eval}: all but the
   * last go on with a backslash.
   *
   * @throws UsageException if the path of a socket is not known
   */
  static String of(VirtioDeviceProvider provider, List<DeviceSetup> devices) throws UsageException {
    StringBuilder text =
        new StringBuilder(
            // The backend maps the guest's memory, so it has to be shared; its size is said twice.
            """
            -m 2G -object memory-backend-memfd,id=mem,size=2G,share=on -machine memory-backend=mem\
            """);
    for (int i = 0; i < devices.size(); i++) {
      Path socket = devices.get(i).socket().path();
      if (socket == null) {
        throw new UsageException(
            "--print-qemu needs --socket=PATH: nobody knows the path of an inherited socket");
      }
      String id = provider.name() + i;
      String device = provider.qemuDevice(devices.get(i).options());
      text.append(" \\\n-chardev ")
          .append(quoted("socket,id=" + id + ",path=" + value(absolute(socket))))
          .append(" -device ")
          .append(quoted(device + ",chardev=" + id));
    }
    return text.append('\n').toString();
  }

  /** QEMU may be started elsewhere; but no path may become too long by that. */
  private static String absolute(Path socket) {
    String absolute = socket.toAbsolutePath().normalize().toString();
    boolean fits = absolute.getBytes(StandardCharsets.UTF_8).length <= SocketDealer.MAX_SOCKET_PATH;
    return fits ? absolute : socket.toString();
  }

  /** QEMU separates options with commas; a literal one is doubled. */
  private static String value(String text) {
    return text.replace(",", ",,");
  }

  private static String quoted(String word) {
    return word.matches(PLAIN) ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
