package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.AudioOption.Values;
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
 * @param nodeName the first part of {@code node.name}; empty for the card's name
 * @param mediaRole {@code media.role}; empty for none
 * @param playbackTarget {@code target.object} of output streams; empty for the default sink
 * @param captureTarget {@code target.object} of input streams; empty for the default source
 * @param latency {@code node.latency}, as {@code FRAMES/RATE} or {@code MSms}; empty for the
 *     guest's period
 * @param minQuantum what a guest's period cannot make {@code node.latency} shorter than
 */
record PipewireOptions(
    String remote,
    String nodeName,
    String mediaRole,
    String playbackTarget,
    String captureTarget,
    String latency,
    String minQuantum) {

  private static final Pattern FRACTION = Pattern.compile("([1-9]\\d{0,6})/([1-9]\\d{0,6})");
  private static final Pattern MILLISECONDS = Pattern.compile("(\\d{1,5})ms");

  private static final Values TIME =
      new Values(
          "FRAMES/RATE such as 256/48000, or a time such as 20ms",
          value -> FRACTION.matcher(value).matches() || MILLISECONDS.matcher(value).matches());

  private static final AudioOption REMOTE =
      new AudioOption(
          "pipewire-remote",
          "SOCKET",
          "name or path of PipeWire's socket (default: $PIPEWIRE_REMOTE or pipewire-0)",
          "");
  private static final AudioOption NODE_NAME =
      new AudioOption(
          "pipewire-node-name",
          "NAME",
          "name of the nodes in the graph, to which playback-0 and the like are added (default: the"
              + " card's)",
          "");
  private static final AudioOption MEDIA_ROLE =
      new AudioOption(
          "pipewire-media-role",
          "ROLE",
          "role of the streams, such as Music, Game or Communication; with one, WirePlumber remembers"
              + " volume and target for the role, not for the card (default: none)",
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
          "",
          TIME);

  /**
   * PipeWire turns the wish into frames of the graph and rounds these down to a power of two. So
   * the default is 256 frames of the lowest usual rate, or a graph of that rate would have 128.
   */
  private static final AudioOption MIN_QUANTUM =
      new AudioOption(
          "pipewire-min-quantum",
          "LATENCY",
          "shortest cycle that a guest's period asks the graph for, FRAMES/RATE or MSms; the graph is"
              + " shared, and short cycles cost all of its programs",
          "256/44100",
          TIME);

  static final List<AudioOption> ALL =
      List.of(REMOTE, NODE_NAME, MEDIA_ROLE, PLAYBACK_TARGET, CAPTURE_TARGET, LATENCY, MIN_QUANTUM);

  /** Options from a user, which have been checked. */
  static PipewireOptions of(Map<String, String> values) {
    return new PipewireOptions(
        REMOTE.in(values),
        NODE_NAME.in(values),
        MEDIA_ROLE.in(values),
        PLAYBACK_TARGET.in(values),
        CAPTURE_TARGET.in(values),
        LATENCY.in(values),
        MIN_QUANTUM.in(values));
  }

  /** The target of streams of a direction. */
  String target(Direction direction) {
    return direction == Direction.OUTPUT ? playbackTarget : captureTarget;
  }

  /**
   * The property {@code node.latency}, from which PipeWire chooses the frames of a graph cycle. The
   * guest's period is what keeps a guest busy at its own pace, but half its buffer must be enough
   * for a cycle, because the guest needs the time of the other to fill it again. The shortest wish
   * in a graph is that of all its programs, so a guest's has a floor; a user's has none.
   */
  String nodeLatency(PcmParameters parameters) {
    int rate = parameters.rate().hertz();
    if (!latency.isEmpty()) {
      return FRACTION.matcher(latency).matches() ? latency : frames(latency, rate) + "/" + rate;
    }
    int bytes = Math.min(parameters.periodBytes(), parameters.bufferBytes() / 2);
    long frames = Math.max(frames(minQuantum, rate), bytes / parameters.frameBytes());
    return frames + "/" + rate;
  }

  /** A time in frames of a rate, rounded up, at least one. */
  private static long frames(String time, int rate) {
    Matcher fraction = FRACTION.matcher(time);
    if (fraction.matches()) {
      long denominator = Long.parseLong(fraction.group(2));
      return (Long.parseLong(fraction.group(1)) * rate + denominator - 1) / denominator;
    }
    long millis = Long.parseLong(time.substring(0, time.length() - "ms".length()));
    return Math.max(1, (millis * rate + 999) / 1000);
  }
}
