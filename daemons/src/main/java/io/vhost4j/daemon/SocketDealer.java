package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.device.VirtioDeviceProvider.SocketOptions;
import io.vhost4j.vhostuser.channel.SocketRights;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/** Finds the sockets of a command line, in their order. */
final class SocketDealer {
  /** Bytes in {@code sun_path} of a Unix socket's address, its final NUL left out. */
  static final int MAX_SOCKET_PATH = 107;

  /** Where a count goes with a prefix. */
  static final DeviceOption COUNT =
      DeviceOption.number("socket-count", "N", "Number of sockets behind --socket-path", 1, 256)
          .aliases("c")
          .byDefault("1")
          .perProcess();

  /** With {@link SocketOptions#COUNTED}, what the sockets are called but for a number. */
  static final String PREFIX = "--socket-path";

  private final VirtioDeviceProvider provider;
  private final ParseResult result;

  SocketDealer(VirtioDeviceProvider provider, ParseResult result) {
    this.provider = provider;
    this.result = result;
  }

  /**
   * @throws UsageException if there is none, or the user asked for something that cannot be
   */
  List<ListenSocket> sockets() throws UsageException {
    List<Path> paths = paths();
    List<Integer> fds = fds();
    checkPaths(paths, fds);
    SocketRights rights = rights(!fds.isEmpty());
    List<ListenSocket> sockets = new ArrayList<>();
    paths.forEach(path -> sockets.add(ListenSocket.at(path, rights)));
    fds.forEach(fd -> sockets.add(ListenSocket.inherited(fd)));
    return sockets;
  }

  private List<Path> paths() throws UsageException {
    List<Path> paths = result.matchedOptionValue("--socket", List.of());
    if (provider.socketOptions() != SocketOptions.COUNTED) {
      return paths;
    }
    @Nullable String prefix = DaemonCommandLine.once(result, PREFIX);
    @Nullable String count = DaemonCommandLine.once(result, "--" + COUNT.name());
    if (prefix == null) {
      if (count != null) {
        throw new UsageException(
            "--socket-count goes with --socket-path=PATH, of which it makes PATH0, PATH1...");
      }
      return paths;
    }
    if (!paths.isEmpty()) {
      throw new UsageException("--socket and --socket-path exclude each other: give one of them");
    }
    if (prefix.isEmpty()) {
      throw new UsageException("--socket-path is empty: give the path of a Unix socket");
    }
    try {
      COUNT.checkIn(count == null ? Map.of() : Map.of(COUNT.name(), count));
    } catch (DeviceOptionException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
    return IntStream.range(0, count == null ? listed() : Integer.parseInt(count))
        .mapToObj(i -> Path.of(prefix + i))
        .toList();
  }

  /** Without a count there are as many sockets as an option lists devices. */
  private int listed() {
    for (DeviceOption option : provider.options()) {
      List<Object> given = result.matchedOptionValue("--" + option.name(), List.of());
      if (!option.separator().isEmpty() && given.size() == 1) {
        return option.listed(String.valueOf(given.get(0))).size();
      }
    }
    return Integer.parseInt(COUNT.defaultValue());
  }

  private static void checkPaths(List<Path> paths, List<Integer> fds) throws UsageException {
    if (paths.isEmpty() && fds.isEmpty()) {
      throw new UsageException("no socket: say where to listen with --socket=PATH");
    }
    if (!paths.isEmpty() && !fds.isEmpty()) {
      throw new UsageException("--socket and --socket-fd exclude each other: give one of them");
    }
    Set<Object> seen = new HashSet<>();
    for (Path path : paths) {
      if (path.toString().isEmpty()) {
        throw new UsageException("--socket is empty: give the path of a Unix socket");
      }
      if (path.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH) {
        throw new UsageException(
            "--socket=%s is longer than the %d bytes that Unix sockets allow: take a shorter path"
                .formatted(path, MAX_SOCKET_PATH));
      }
      if (!seen.add(path.toAbsolutePath().normalize())) {
        throw new UsageException("--socket=%s is given twice".formatted(path));
      }
    }
    for (int fd : fds) {
      if (!seen.add(fd)) {
        throw new UsageException("--socket-fd=%d is given twice".formatted(fd));
      }
    }
  }

  private List<Integer> fds() throws UsageException {
    List<Integer> fds = new ArrayList<>();
    for (String text : result.matchedOptionValue("--socket-fd", List.<String>of())) {
      long fd = text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
      if (fd < 0 || fd > Integer.MAX_VALUE) {
        throw new UsageException("--socket-fd=%s is not a file descriptor".formatted(text));
      }
      fds.add((int) fd);
    }
    return fds;
  }

  private SocketRights rights(boolean areInherited) throws UsageException {
    String mode = DaemonCommandLine.once(result, "--socket-mode");
    String group = DaemonCommandLine.once(result, "--socket-group");
    if (areInherited && (mode != null || group != null)) {
      throw new UsageException(
          "%s is for --socket=PATH: an inherited socket has its rights already"
              .formatted(mode != null ? "--socket-mode" : "--socket-group"));
    }
    return new SocketRights(mode == null ? null : mode(mode), group == null ? null : group(group));
  }

  private static int mode(String text) throws UsageException {
    if (!text.matches("0?[0-7]{3}")) {
      throw new UsageException(
          "--socket-mode=%s is no mode: give three octal digits, such as 660 for user and group"
              .formatted(text));
    }
    return Integer.parseInt(text, 8);
  }

  private static GroupPrincipal group(String text) throws UsageException {
    try {
      // Takes a number too, and one below 0 for "leave it".
      if (!text.startsWith("-")) {
        return FileSystems.getDefault()
            .getUserPrincipalLookupService()
            .lookupPrincipalByGroupName(text);
      }
    } catch (IOException e) {
      // Told below.
    }
    throw new UsageException(
        "--socket-group=%s: there is no such group; 'getent group' lists them".formatted(text));
  }
}
