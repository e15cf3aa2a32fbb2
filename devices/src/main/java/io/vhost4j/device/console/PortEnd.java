package io.vhost4j.device.console;

import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A port as the user says it: {@code [NAME=]KIND[:WHERE]}.
 *
 * @param name empty for none
 * @param isConsole of {@code --console}, rather than of {@code --serial}
 * @param kind nested, network, unix, pty or file
 * @param where a TCP port, a path or a link; empty if it has none
 */
record PortEnd(String name, boolean isConsole, String kind, String where) {
  private static final int MAX_NAME_BYTES = 200;

  /**
   * Adds what is in a list.
   *
   * @param list empty for none
   */
  static void addTo(List<PortEnd> ports, DeviceOption option, String list, boolean areConsoles)
      throws DeviceOptionException {
    if (list.isEmpty()) {
      return;
    }
    for (String text : list.split(",", -1)) {
      PortEnd port = of(option, text.strip(), areConsoles);
      if (!port.name.isEmpty() && ports.stream().anyMatch(p -> p.name.equals(port.name))) {
        throw new DeviceOptionException(
            "--%s=%s: there is a port %s already".formatted(option.name(), list, port.name));
      }
      ports.add(port);
    }
  }

  private static PortEnd of(DeviceOption option, String text, boolean isConsole)
      throws DeviceOptionException {
    int equals = text.indexOf('=');
    int colon = text.indexOf(':');
    boolean named = equals >= 0 && (colon < 0 || equals < colon);
    String name = named ? text.substring(0, equals) : "";
    String end = text.substring(named ? equals + 1 : 0);
    int split = end.indexOf(':');
    String kind = split < 0 ? end : end.substring(0, split);
    String where = split < 0 ? "" : end.substring(split + 1);
    String wrong =
        switch (kind) {
          case "nested" -> where.isEmpty() ? "" : "the terminal is just nested";
          case "network" -> isTcpPort(where) ? "" : "say which TCP port, 1 to 65535: network:12345";
          case "unix", "file" -> where.isEmpty() ? "say where: " + kind + ":PATH" : "";
          case "pty" -> "";
          default -> "possible are nested, network:PORT, unix:PATH, pty, pty:LINK and file:PATH";
        };
    if (!isConsole && !named) {
      wrong = "a serial port needs a name: NAME=" + (text.isEmpty() ? "END" : text);
    } else if (named && !isName(name)) {
      wrong = "the name has 1 to 200 letters, digits, dots, dashes and underscores";
    }
    if (!wrong.isEmpty()) {
      throw new DeviceOptionException("--%s=%s: %s".formatted(option.name(), text, wrong));
    }
    return new PortEnd(name, isConsole, kind, where);
  }

  /** A guest makes files by that name. */
  private static boolean isName(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME_BYTES
        && name.matches("[\\p{L}\\p{N}_-][\\p{L}\\p{N}._-]*");
  }

  private static boolean isTcpPort(String text) {
    return text.matches("[0-9]{1,5}")
        && Integer.parseInt(text) > 0
        && Integer.parseInt(text) <= 65535;
  }

  /** Whether both cannot be had: there is as many files and pseudo-terminals as anybody wants. */
  boolean isAtTheSamePlace(PortEnd other) {
    boolean isOne = !kind.equals("file") && !(kind.equals("pty") && where.isEmpty());
    return isOne && kind.equals(other.kind) && where.equals(other.where);
  }

  /** Where it is, for people. */
  String place() {
    return kind.equals("nested") ? "terminal" : where.isEmpty() ? kind : kind + ":" + where;
  }

  @Override
  public String toString() {
    String end = where.isEmpty() ? kind : kind + ":" + where;
    return name.isEmpty() ? end : name + "=" + end;
  }
}
