package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code mvn package} leaves in {@code target/vhost4j}. */
@Tag("jdk")
@Timeout(value = 240, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonDistributionIT {
  /** Makes a JVM refuse to start, rather than start slowly, if its archive does not fit. */
  private static final Map<String, String> ARCHIVE_IS_A_MUST = Map.of("VHOST4J_OPTS", "-Xshare:on");

  /** As the build gives it to the jars that are ours. */
  private static final String OUR_VERSION = System.getProperty("vhost4j.version", "?");

  @TempDir Path directory;

  private Daemon serve(Path distribution, Map<String, String> environment) throws Exception {
    return Daemon.start(
        distribution.resolve("bin/vhost-device-sound"),
        environment,
        "--socket=" + directory.resolve("s"),
        "--backend=null");
  }

  private static List<Path> archives(Path distribution) throws IOException {
    try (Stream<Path> files = Files.list(distribution.resolve("lib"))) {
      return files.filter(file -> file.toString().endsWith(".jsa")).toList();
    }
  }

  /** The distribution at another place, as unpacked from the tarball: without class archive. */
  private Path copy() throws IOException {
    Path target = directory.resolve("opt/vhost4j");
    try (Stream<Path> files = Files.walk(Daemon.DISTRIBUTION)) {
      files
          .filter(file -> !file.toString().endsWith(".jsa"))
          .forEach(
              file -> {
                try {
                  Path relative = Daemon.DISTRIBUTION.relativize(file);
                  Files.createDirectories(target.resolve(relative).getParent());
                  Files.copy(file, target.resolve(relative), StandardCopyOption.COPY_ATTRIBUTES);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
    return target;
  }

  private Path copyWithArchive() throws Exception {
    Path distribution = copy();
    try (Daemon maker =
        Daemon.start(distribution.resolve("bin/vhost-device-sound"), Map.of(), "--make-archive")) {
      assertThat(maker.exitStatus()).as("%s", maker.err()).isZero();
      assertThat(maker.out()).isEmpty();
      assertThat(maker.err())
          .containsExactly(
              "Making the class archive, which takes some seconds",
              "The class archive is " + archives(distribution).get(0));
    }
    return distribution;
  }

  @Test
  void theBuildHasMadeAnArchive() throws Exception {
    assertThat(archives(Daemon.DISTRIBUTION)).isNotEmpty();
  }

  @Test
  void anArchiveThatWasAskedForIsStartedFrom() throws Exception {
    Path distribution = copyWithArchive();
    try (Daemon daemon = serve(distribution, ARCHIVE_IS_A_MUST).awaitReady()) {
      assertThat(daemon.arguments())
          .contains("-XX:SharedArchiveFile=" + archives(distribution).get(0));
    }
  }

  @Test
  void anArchiveThatDoesNotFitIsNotUsedAndStdoutStaysThatOfThePrograms() throws Exception {
    Path distribution = copyWithArchive();
    Path archive = archives(distribution).get(0);
    Files.delete(archive); // as it may not be writable
    Files.writeString(archive, "of another time");
    try (Daemon daemon = serve(distribution, Map.of()).awaitReady()) {
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  /** As its options win over the launcher's. */
  @ParameterizedTest
  @ValueSource(strings = {"-XX:SharedArchiveFile=OWN", "-Xshare:on -XX:SharedArchiveFile=OWN"})
  void anArchiveOfTheUsersOwnIsTheOneThatIsUsed(String options) throws Exception {
    Path distribution = copyWithArchive();
    Path own = Files.copy(archives(distribution).get(0), directory.resolve("own.jsa"));
    Map<String, String> environment =
        Map.of("VHOST4J_OPTS", options.replace("OWN", own.toString()));
    try (Daemon daemon = serve(distribution, environment).awaitReady()) {
      assertThat(daemon.arguments().stream().filter(word -> word.contains(".jsa")))
          .containsExactly("-XX:SharedArchiveFile=" + own);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "vhost-device, --make-archive",
    "vhost-device, sound --make-archive",
    "vhost-device-rng, --make-archive",
  })
  void anyOfTheProgramsMakesTheArchive(String program, String line) throws Exception {
    Path distribution = copy();
    try (Daemon maker =
        Daemon.start(
            distribution.resolve("bin/" + program),
            Map.of("VHOST4J_OPTS", "-Xmx96m"),
            line.split(" "))) {
      assertThat(maker.exitStatus()).as("%s", maker.err()).isZero();
    }
    assertThat(archives(distribution)).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "--make-archive --socket=/tmp/x, '', with no other argument",
    "--socket=/tmp/x --make-archive, '', with no other argument",
    "--make-archive, -XX:SharedArchiveFile=/tmp/x.jsa, VHOST4J_OPTS names another archive",
    "--make-archive, -XX:AOTCache=/tmp/x.aot, VHOST4J_OPTS names another archive",
  })
  void anArchiveIsNotMadeInPassing(String line, String options, String told) throws Exception {
    Path distribution = copy();
    try (Daemon maker =
        Daemon.start(
            distribution.resolve("bin/vhost-device-sound"),
            Map.of("VHOST4J_OPTS", options),
            line.split(" "))) {
      assertThat(maker.exitStatus()).isEqualTo(2);
      assertThat(maker.out()).isEmpty();
      assertThat(maker.err()).singleElement().asString().contains("vhost-device-sound: ", told);
    }
    assertThat(archives(distribution)).isEmpty();
  }

  @Test
  void aStartWithoutAnArchiveMakesNone() throws Exception {
    Path distribution = copy();
    try (Daemon daemon = serve(distribution, Map.of()).awaitReady()) {
      assertThat(ProcessHandle.of(daemon.pid()).orElseThrow().children()).isEmpty();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      assertThat(daemon.err()).allMatch(line -> line.contains(" INFO "));
    }
    assertThat(archives(distribution)).isEmpty();
  }

  @Test
  void nothingIsUnpackedIntoTemporaryDirectories() throws Exception {
    try (Daemon daemon =
        serve(
            Daemon.DISTRIBUTION,
            Map.of("VHOST4J_OPTS", "-Djava.io.tmpdir=/nowhere -Djna.tmpdir=/nowhere"))) {
      daemon.awaitReady();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "--help | 0",
        "-d vrng -l 99 | 1",
        "-d vhusnd | 2",
      })
  void theJarOfTheLoopbackAdapterDoesWhatItsProgramDoes(String line, int status) throws Exception {
    List<String> program = List.of(Daemon.DISTRIBUTION.resolve("bin/virtio-loopback-adapter") + "");
    List<String> jar =
        List.of(
            System.getProperty("java.home") + "/bin/java",
            "-jar",
            Daemon.DISTRIBUTION.resolve("loopback-adapter.jar") + "");
    List<String> said = saidBy(program, line, status);
    assertThat(saidBy(jar, line, status)).isEqualTo(said).isNotEmpty();
  }

  private static List<String> saidBy(List<String> program, String line, int status)
      throws Exception {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of(line.split(" ")));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    List<String> lines = process.inputReader().lines().toList();
    assertThat(process.waitFor()).as("%s", lines).isEqualTo(status);
    return lines.stream().map(text -> text.replaceFirst("^[-0-9]+T?[ ]?[:.,0-9]+ ?", "")).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"vertx-core-.*\\.jar", "slf4j-api-.*\\.jar", "libjnidispatch\\.so"})
  void aFileThatIsMissingIsNamed(String name) throws Exception {
    Path distribution = copy();
    Path missing;
    try (Stream<Path> files = Files.walk(distribution.resolve("lib"))) {
      missing =
          files
              .filter(file -> file.getFileName().toString().matches(name))
              .findFirst()
              .orElseThrow();
    }
    Files.delete(missing);
    try (Daemon daemon = serve(distribution, Map.of())) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err())
          .singleElement()
          .asString()
          .contains(missing + " is missing", "unpack the distribution again");
    }
  }

  /** The jars that are not ours, as {@code artifact:version}. */
  private static List<String> thirdPartyJars() throws IOException {
    Pattern name = Pattern.compile("(.+?)-([0-9].*?)(-linux-.*)?\\.jar");
    try (Stream<Path> files = Files.list(Daemon.DISTRIBUTION.resolve("lib"))) {
      return files
          .map(file -> name.matcher(file.getFileName().toString()))
          .filter(Matcher::matches)
          .filter(jar -> !jar.group(2).equals(OUR_VERSION))
          .map(jar -> jar.group(1) + ":" + jar.group(2))
          .toList();
    }
  }

  @Test
  void everyLibraryIsNamedAndItsLicenceIsThere() throws Exception {
    Path notices = Daemon.DISTRIBUTION.resolve("share/doc/vhost4j/third-party");
    List<String> lines = Files.readAllLines(notices.resolve("THIRD-PARTY.txt"));
    assertThat(Daemon.DISTRIBUTION.resolve("LICENSE")).content().contains("Apache License");
    assertThat(notices.resolve("EPL-2.0/META-INF/LICENSE.md"))
        .content()
        .contains("Eclipse Public License - v 2.0");

    List<String> jars = new ArrayList<>(thirdPartyJars());
    assertThat(jars).hasSizeGreaterThan(20);
    for (String jar : jars) {
      String line =
          lines.stream().filter(text -> text.contains(":" + jar)).findFirst().orElse("no line");
      if (!line.contains("(Apache-2.0)") && !line.contains("(EPL-2.0)")) {
        String artifact = jar.substring(0, jar.indexOf(':'));
        assertThat(notices.resolve(artifact + "-jar/META-INF/LICENSE.txt"))
            .as("%s: %s", jar, line)
            .exists();
      }
    }
  }

  @Test
  void theTarballHoldsTheDistributionWithoutArchives() throws Exception {
    Path tarball;
    try (Stream<Path> files = Files.list(Daemon.DISTRIBUTION.getParent())) {
      tarball = files.filter(file -> file.toString().endsWith(".tar.gz")).findFirst().orElseThrow();
    }
    Process tar = new ProcessBuilder("tar", "tvzf", tarball.toString()).start();
    List<String> entries = tar.inputReader().lines().toList();

    assertThat(tar.waitFor()).isZero();
    assertThat(entries)
        .anyMatch(line -> line.matches("-rwxr-xr-x .* vhost4j-[^/]+/bin/vhost-device-sound"))
        .anyMatch(line -> line.matches(".* vhost4j-[^/]+/LICENSE"))
        .anyMatch(line -> line.endsWith("/third-party/THIRD-PARTY.txt"))
        .anyMatch(line -> line.matches(".*/lib/native/aarch64/libjnidispatch.so"))
        .anyMatch(line -> line.matches(".*/lib/vertx-core-.*\\.jar"))
        .noneMatch(line -> line.endsWith(".jsa"));
  }
}
