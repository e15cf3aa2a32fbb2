package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The options of the backend, named after PipeWire's properties.
 *
 * @param remote {@code remote.name}: name or absolute path of PipeWire's socket; empty for the
 *     environment's
 * @param nodeName {@code node.name}
 * @param mediaRole {@code media.role}; empty for none
 * @param playbackTarget {@code target.object} of output streams; empty for the default sink
 * @param captureTarget {@code target.object} of input streams; empty for the default source
 * @param latency {@code node.latency}, as {@code FRAMES/RATE} or {@code MSms}; empty for the
 *     guest's period
 */
record PipewireOptions(
    String remote,
    String nodeName,
    String mediaRole,
    String playbackTarget,
    String captureTarget,
    String latency) {

  private static final AudioOption REMOTE =
      new AudioOption(
          "pipewire-remote",
          "SOCKET",
          "name or path of PipeWire's socket (default: $PIPEWIRE_REMOTE or pipewire-0)",
          "");
  private static final AudioOption NODE_NAME =
      new AudioOption("pipewire-node-name", "NAME", "name of the nodes in the graph", "vhost4j");
  private static final AudioOption MEDIA_ROLE =
      new AudioOption(
          "pipewire-media-role",
          "ROLE",
          "role of the streams, such as Music, Game or Communication (default: none)",
          "");
  private static final AudioOption PLAYBACK_TARGET =
      new AudioOption(
          "pipewire-playback-target",
          "OBJECT",
          "name or serial of the node to play to (default: the default sink)",
          "");
  private static final AudioOption CAPTURE_TARGET =
      new AudioOption(
          "pipewire-capture-target",
          "OBJECT",
          "name or serial of the node to record from (default: the default source)",
          "");
  private static final AudioOption LATENCY =
      new AudioOption(
          "pipewire-latency",
          "LATENCY",
          "latency to ask the graph for, FRAMES/RATE or MSms (default: the guest's period)",
          "");

  static final List<AudioOption> ALL =
      List.of(REMOTE, NODE_NAME, MEDIA_ROLE, PLAYBACK_TARGET, CAPTURE_TARGET, LATENCY);

  private static final Pattern FRACTION = Pattern.compile("(\\d{1,7})/(\\d{1,7})");
  private static final Pattern MILLISECONDS = Pattern.compile("(\\d{1,5})ms");

  /** Options from a user. */
  static PipewireOptions of(Map<String, String> values) throws AudioException {
    PipewireOptions options =
        new PipewireOptions(
            value(values, REMOTE),
            value(values, NODE_NAME),
            value(values, MEDIA_ROLE),
            value(values, PLAYBACK_TARGET),
            value(values, CAPTURE_TARGET),
            value(values, LATENCY));
    if (!options.latency.isEmpty()) {
      Matcher fraction = FRACTION.matcher(options.latency);
      boolean valid =
          fraction.matches()
              ? Integer.parseInt(fraction.group(1)) > 0 && Integer.parseInt(fraction.group(2)) > 0
              : MILLISECONDS.matcher(options.latency).matches();
      if (!valid) {
        throw new AudioException(
            LATENCY.name()
                + ": \""
                + options.latency
                + "\" is no latency; give FRAMES/RATE such as 256/48000, or a time such as 20ms");
      }
    }
    return options;
  }

  private static String value(Map<String, String> values, AudioOption option) {
    return values.getOrDefault(option.name(), option.defaultValue());
  }

  /** The target of streams of a direction. */
  String target(Direction direction) {
    return direction == Direction.OUTPUT ? playbackTarget : captureTarget;
  }

  /**
   * The property {@code node.latency}, from which PipeWire chooses the frames of a graph cycle. The
   * guest's period is what keeps a guest busy at its own pace, but half its buffer must be enough
   * for a cycle, because the guest needs the time of the other to fill it again.
   */
  String nodeLatency(PcmParameters parameters) {
    int rate = parameters.rate().hertz();
    Matcher milliseconds = MILLISECONDS.matcher(latency);
    if (milliseconds.matches()) {
      long frames = Long.parseLong(milliseconds.group(1)) * rate / 1000;
      return Math.max(1, frames) + "/" + rate;
    }
    if (!latency.isEmpty()) {
      return latency;
    }
    int bytes = Math.min(parameters.periodBytes(), parameters.bufferBytes() / 2);
    return Math.max(1, bytes / parameters.frameBytes()) + "/" + rate;
  }
}
