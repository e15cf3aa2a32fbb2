package io.vhost4j.bench.target;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Java to start our daemon with.
 *
 * @param version its feature version
 * @param home where it is installed
 */
public record Jdk(int version, Path home) {
  private static final Path INSTALLED = Path.of("/usr/lib/jvm");
  private static final Set<Integer> WANTED = Set.of(17, 25);
  private static final Pattern VERSION = Pattern.compile("JAVA_VERSION=\"(\\d+)");

  /**
   * The Java that this program runs on, and a 17 and a 25 where they are installed or JAVA25_HOME
   * says so, by version.
   */
  public static Collection<Jdk> found() {
    Map<Integer, Jdk> found = new TreeMap<>();
    int own = Runtime.version().feature();
    found.put(own, new Jdk(own, Path.of(System.getProperty("java.home"))));
    String named = System.getenv("JAVA25_HOME");
    if (named != null) {
      add(found, Path.of(named));
    }
    try (DirectoryStream<Path> homes = Files.newDirectoryStream(INSTALLED)) {
      homes.forEach(home -> add(found, home));
    } catch (IOException e) {
      // none there
    }
    return found.values();
  }

  private static void add(Map<Integer, Jdk> found, Path home) {
    try {
      Matcher matcher = VERSION.matcher(Files.readString(home.resolve("release")));
      if (matcher.find() && Files.isExecutable(home.resolve("bin/java"))) {
        int version = Integer.parseInt(matcher.group(1));
        if (WANTED.contains(version)) {
          found.putIfAbsent(version, new Jdk(version, home));
        }
      }
    } catch (IOException e) {
      // no Java
    }
  }

  /** Has the launcher of our daemon take this one. */
  public Map<String, String> environment() {
    return Map.of("JAVA_HOME", home.toString());
  }
}
