package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A card in one line for people. */
final class CardDescription {
  /** As many formats are listed; of more, the first and the last. */
  private static final int FEW_FORMATS = 6;

  private CardDescription() {}

  /**
   * For example {@code pipewire, playback to the default sink; 1 output, 0 inputs; S16 S24 S32
   * FLOAT, 44100..192000 Hz, 1..8 channels}.
   *
   * @param backendName the name of the kind of backend
   * @param outputs what each output stream offers
   * @param inputs what each input stream offers
   */
  static String of(
      String backendName,
      AudioBackend backend,
      List<StreamCapabilities> outputs,
      List<StreamCapabilities> inputs) {
    StringBuilder line = new StringBuilder(160);
    line.append(backendName);
    if (!outputs.isEmpty()) {
      append(line, ", playback to ", backend.target(Direction.OUTPUT));
    }
    if (!inputs.isEmpty()) {
      append(line, ", capture from ", backend.target(Direction.INPUT));
    }
    line.append("; ").append(count(outputs.size(), "output"));
    line.append(", ").append(count(inputs.size(), "input")).append("; ");
    String played = offer(outputs);
    String captured = offer(inputs);
    if (played.equals(captured) || inputs.isEmpty()) {
      line.append(played);
    } else if (outputs.isEmpty()) {
      line.append(captured);
    } else {
      line.append("playback ").append(played).append("; capture ").append(captured);
    }
    return line.toString();
  }

  private static void append(StringBuilder line, String what, String target) {
    if (!target.isEmpty()) {
      line.append(what).append(target);
    }
  }

  private static String count(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }

  private static String offer(List<StreamCapabilities> streams) {
    return streams.stream()
        .distinct()
        .map(CardDescription::offer)
        .collect(Collectors.joining(" or "));
  }

  private static String offer(StreamCapabilities stream) {
    return formats(stream.formats())
        + ", "
        + rates(stream.rates())
        + " Hz, "
        + channels(stream.minChannels(), stream.maxChannels());
  }

  private static String formats(long mask) {
    List<String> names =
        Stream.of(SampleFormat.values())
            .filter(format -> (mask & format.mask()) != 0)
            .map(SampleFormat::name)
            .toList();
    return names.size() <= FEW_FORMATS
        ? String.join(" ", names)
        : "%s..%s (%d formats)".formatted(names.get(0), names.get(names.size() - 1), names.size());
  }

  private static String rates(long mask) {
    int[] rates =
        Stream.of(SampleRate.values())
            .filter(rate -> (mask & rate.mask()) != 0)
            .mapToInt(SampleRate::hertz)
            .sorted()
            .toArray();
    return range(rates[0], rates[rates.length - 1]);
  }

  private static String channels(int least, int most) {
    return range(least, most) + (most == 1 ? " channel" : " channels");
  }

  private static String range(int least, int most) {
    return least == most ? Integer.toString(least) : least + ".." + most;
  }
}
