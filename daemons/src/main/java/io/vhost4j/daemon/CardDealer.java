package io.vhost4j.daemon;

import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.AudioOptionException;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import io.vhost4j.vhostuser.channel.SocketRights;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.ParseResult;

/**
 * Deals the options of a command line out to its sound cards: what is given once holds for all;
 * what is given once for each card goes by the order of the sockets.
 */
final class CardDealer {
  /** A guard against slips of the finger: each stream may take a thread of its own. */
  private static final int MAX_STREAMS = 64;

  /** Bytes in {@code sun_path} of a Unix socket's address, its final NUL left out. */
  static final int MAX_SOCKET_PATH = 107;

  private final List<AudioBackendProvider> backends;
  private final ParseResult result;

  CardDealer(List<AudioBackendProvider> backends, ParseResult result) {
    this.backends = backends;
    this.result = result;
  }

  /**
   * @throws UsageException if the user asked for something that cannot be
   */
  List<CardOptions> cards() throws UsageException {
    List<Path> sockets = result.matchedOptionValue("--socket", List.of());
    List<Integer> fds = fds();
    checkSockets(sockets, fds);
    SocketRights rights = rights(!fds.isEmpty());
    int count = sockets.size() + fds.size();
    List<AudioBackendProvider> chosen = chosenBackends(count);
    List<Integer> outputs = streams("--output-streams", count);
    List<Integer> inputs = streams("--input-streams", count);
    List<StreamLimits> limits = limits(count);
    List<Duration> polling = polling(count);
    List<String> names = names(sockets, count);
    List<Map<String, String>> options = backendOptions(chosen);
    List<CardOptions> cards = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (outputs.get(i) + inputs.get(i) == 0) {
        throw new UsageException(
            "a card without streams: --output-streams and --input-streams are both 0");
      }
      cards.add(
          new CardOptions(
              names.get(i),
              sockets.isEmpty() ? null : sockets.get(i),
              fds.isEmpty() ? -1 : fds.get(i),
              rights,
              chosen.get(i),
              options.get(i),
              outputs.get(i),
              inputs.get(i),
              limits.get(i),
              polling.get(i)));
    }
    return cards;
  }

  /**
   * Those that the user gives, or those of the sockets, so that a card has its own in every run.
   */
  private List<String> names(List<Path> sockets, int count) throws UsageException {
    List<String> names = new ArrayList<>(result.matchedOptionValue("--name", List.of()));
    if (names.isEmpty()) {
      for (int i = 0; i < count; i++) {
        String name = sockets.isEmpty() ? "sound" : stem(sockets.get(i));
        String unique = name;
        for (int n = 2; names.contains(unique); n++) {
          unique = name + "-" + n;
        }
        names.add(unique);
      }
      return names;
    }
    if (names.size() != count) {
      throw new UsageException(
          "--name is given %d times for %d sockets: give it once for each"
              .formatted(names.size(), count));
    }
    for (String name : names) {
      if (name.isBlank() || name.chars().anyMatch(Character::isISOControl)) {
        throw new UsageException("--name=%s is no name: give it letters".formatted(name.strip()));
      }
      if (Collections.frequency(names, name) > 1) {
        throw new UsageException("--name=%s is given twice".formatted(name));
      }
    }
    return names;
  }

  private static String stem(Path socket) {
    String file = String.valueOf(socket.getFileName()).replaceAll("\\p{Cntrl}", "?");
    int dot = file.lastIndexOf('.');
    return dot > 0 ? file.substring(0, dot) : file;
  }

  private static void checkSockets(List<Path> sockets, List<Integer> fds) throws UsageException {
    if (sockets.isEmpty() && fds.isEmpty()) {
      throw new UsageException("no socket: say where to listen with --socket=PATH");
    }
    if (!sockets.isEmpty() && !fds.isEmpty()) {
      throw new UsageException("--socket and --socket-fd exclude each other: give one of them");
    }
    Set<Object> seen = new HashSet<>();
    for (Path socket : sockets) {
      if (socket.toString().isEmpty()) {
        throw new UsageException("--socket is empty: give the path of a Unix socket");
      }
      if (socket.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH) {
        throw new UsageException(
            "--socket=%s is longer than the %d bytes that Unix sockets allow: take a shorter path"
                .formatted(socket, MAX_SOCKET_PATH));
      }
      if (!seen.add(socket.toAbsolutePath().normalize())) {
        throw new UsageException("--socket=%s is given twice".formatted(socket));
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
      long fd = number(text);
      if (fd < 0 || fd > Integer.MAX_VALUE) {
        throw new UsageException("--socket-fd=%s is not a file descriptor".formatted(text));
      }
      fds.add((int) fd);
    }
    return fds;
  }

  /** A whole number, or -1 for all that is none and for those below 0. */
  private static long number(String text) {
    return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
  }

  private SocketRights rights(boolean areInherited) throws UsageException {
    String mode = SoundCommandLine.once(result, "--socket-mode");
    String group = SoundCommandLine.once(result, "--socket-group");
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

  private List<AudioBackendProvider> chosenBackends(int count) throws UsageException {
    List<String> names = result.matchedOptionValue("--backend", List.of());
    String known = oneOf(backends);
    if (names.isEmpty()) {
      throw new UsageException("no backend: say where the sound goes with --backend=" + known);
    }
    List<AudioBackendProvider> chosen = new ArrayList<>();
    for (String name : forEach("--backend", names, count, "sockets")) {
      chosen.add(
          backends.stream()
              .filter(backend -> backend.name().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      new UsageException(
                          "there is no backend '%s': choose %s".formatted(name, known))));
    }
    return chosen;
  }

  private List<Integer> streams(String option, int count) throws UsageException {
    List<String> given = result.matchedOptionValue(option, List.of("1"));
    List<Integer> streams = new ArrayList<>();
    for (String text : forEach(option, given, count, "sockets")) {
      long number = number(text);
      if (number < 0 || number > MAX_STREAMS) {
        throw new UsageException(
            "%s=%s: a card has 0 to %d of them".formatted(option, text, MAX_STREAMS));
      }
      streams.add((int) number);
    }
    return streams;
  }

  private List<StreamLimits> limits(int count) throws UsageException {
    List<String> formats = given("--formats", "common", count);
    List<String> rates = given("--rates", "common", count);
    List<String> channels =
        given("--channels", String.valueOf(StreamLimits.COMMON.channels()), count);
    List<StreamLimits> limits = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      limits.add(StreamLimits.of(formats.get(i), rates.get(i), channels.get(i)));
    }
    return limits;
  }

  private List<String> given(String option, String byDefault, int count) throws UsageException {
    return forEach(option, result.matchedOptionValue(option, List.of(byDefault)), count, "sockets");
  }

  private List<Duration> polling(int count) throws UsageException {
    List<String> given = result.matchedOptionValue("--poll-us", List.of("0"));
    List<Duration> polling = new ArrayList<>();
    long limit = VhostUserServer.LONGEST_POLLING.toNanos() / 1000;
    for (String text : forEach("--poll-us", given, count, "sockets")) {
      long micros = number(text);
      if (micros < 0 || micros > limit) {
        throw new UsageException(
            "--poll-us=%s: possible are 0 to %d microseconds".formatted(text, limit));
      }
      polling.add(Duration.ofNanos(1000 * micros));
    }
    return polling;
  }

  /** What the user set of the options of each card's backend. */
  private List<Map<String, String>> backendOptions(List<AudioBackendProvider> chosen)
      throws UsageException {
    List<Map<String, String>> settings = new ArrayList<>();
    chosen.forEach(backend -> settings.add(new HashMap<>()));
    Set<String> names =
        backends.stream()
            .flatMap(backend -> backend.options().stream())
            .map(AudioOption::name)
            .collect(Collectors.toSet());
    for (String name : names) {
      List<Object> given = result.matchedOptionValue("--" + name, List.of());
      if (given.isEmpty()) {
        continue;
      }
      List<Map<String, String>> takers = new ArrayList<>();
      for (int i = 0; i < chosen.size(); i++) {
        if (has(chosen.get(i), name)) {
          takers.add(settings.get(i));
        }
      }
      if (takers.isEmpty()) {
        throw new UsageException(
            "--%s is an option of --backend=%s, not of %s"
                .formatted(
                    name,
                    oneOf(backends.stream().filter(backend -> has(backend, name)).toList()),
                    oneOf(chosen)));
      }
      List<Object> values =
          forEach("--" + name, given, takers.size(), "sockets whose backend has it");
      for (int i = 0; i < takers.size(); i++) {
        takers.get(i).put(name, values.get(i).toString());
      }
    }
    check(chosen, settings);
    return settings;
  }

  private static void check(List<AudioBackendProvider> chosen, List<Map<String, String>> settings)
      throws UsageException {
    for (int i = 0; i < chosen.size(); i++) {
      try {
        chosen.get(i).check(settings.get(i));
      } catch (AudioOptionException e) {
        throw new UsageException(String.valueOf(e.getMessage()));
      }
    }
  }

  private static boolean has(AudioBackendProvider backend, String option) {
    return backend.options().stream().anyMatch(candidate -> candidate.name().equals(option));
  }

  private static <T> List<T> forEach(String option, List<T> given, int count, String what)
      throws UsageException {
    if (given.size() == count) {
      return given;
    }
    if (given.size() != 1) {
      throw new UsageException(
          (count == 1
                  ? "%s is given %d times for 1 socket: give it once"
                  : "%s is given %d times for %d %s: give it once for all or once for each")
              .formatted(option, given.size(), count, what));
    }
    return Collections.nCopies(count, given.get(0));
  }

  private static String oneOf(List<AudioBackendProvider> backends) {
    return backends.stream()
        .map(AudioBackendProvider::name)
        .distinct()
        .collect(Collectors.joining(" or "));
  }
}
