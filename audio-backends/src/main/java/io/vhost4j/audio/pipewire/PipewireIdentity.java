package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.Direction;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * By what properties people and the session manager tell a stream from others, and know it when it
 * comes again. WirePlumber remembers volume and target by the first of {@code media.role}, {@code
 * application.id}, {@code application.name}, {@code media.name} and {@code node.name} that is set.
 */
final class PipewireIdentity {
  private static final String PROGRAM = "vhost4j";

  /** From the icon naming specification: every theme has it. */
  private static final String ICON = "audio-card";

  private static final Pattern NOT_IN_A_NAME = Pattern.compile("[\\s\\p{Cntrl}]+");

  private final Map<String, String> properties = new LinkedHashMap<>();
  private final String stream;

  /**
   * The identity of a stream.
   *
   * @param card name of the device, empty if it has none
   */
  PipewireIdentity(PipewireOptions options, String card, Direction direction, int streamId) {
    String kind = direction == Direction.OUTPUT ? "playback" : "capture";
    stream = kind + " " + streamId;
    String application = card.isEmpty() ? PROGRAM : card;
    String prefix = card.isEmpty() ? PROGRAM : PROGRAM + "." + card;
    String name =
        (options.nodeName().isEmpty() ? prefix : options.nodeName()) + "." + kind + "-" + streamId;
    name = NOT_IN_A_NAME.matcher(name).replaceAll("-");
    properties.put("node.name", name);
    properties.put("node.description", application + " " + stream);
    properties.put("media.name", stream);
    properties.put("media.icon-name", ICON);
    properties.put("application.id", name);
    properties.put("application.name", application);
    properties.put("application.icon-name", ICON);
  }

  /** The card and the stream, for messages. */
  @Override
  public String toString() {
    return properties.getOrDefault("node.description", stream);
  }

  /** What the stream is called within its card. */
  String stream() {
    return stream;
  }

  Map<String, String> properties() {
    return properties;
  }
}
