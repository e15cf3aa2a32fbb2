package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code mvn package} leaves in {@code target/vhost4j}. */
@Timeout(value = 240, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonDistributionIT {
  /** Makes a JVM refuse to start, rather than start slowly, if its archive does not fit. */
  private static final String ARCHIVE_IS_A_MUST =
      Runtime.version().feature() >= 25 ? "-XX:AOTMode=on" : "-Xshare:on";

  @TempDir Path directory;

  private Daemon serve(Path distribution, Map<String, String> environment) throws Exception {
    return Daemon.start(
        distribution.resolve("bin/vhost-device-sound"),
        environment,
        "--socket=" + directory.resolve("s"),
        "--backend=null");
  }

  private static List<Path> archives(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().matches(".*\\.(jsa|aot)")).toList();
    }
  }

  /** The distribution at another place, as unpacked from the tarball: without class archive. */
  private Path copy() throws IOException {
    Path target = directory.resolve("opt/vhost4j");
    try (Stream<Path> files = Files.walk(Daemon.DISTRIBUTION)) {
      files
          .filter(file -> !file.toString().matches(".*\\.(jsa|aot)"))
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

  private void assertStartsFromItsArchive(Path distribution) throws Exception {
    try (Daemon daemon =
        serve(distribution, Map.of("VHOST4J_OPTS", ARCHIVE_IS_A_MUST)).awaitReady()) {
      assertThat(daemon.arguments())
          .anyMatch(option -> option.matches("-XX:[^=]+=" + distribution + "/lib/.*\\.(jsa|aot)"));
    }
  }

  @Test
  void theBuildHasMadeAnArchiveThatFits() throws Exception {
    assertStartsFromItsArchive(Daemon.DISTRIBUTION);
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

  @Test
  void theFirstStartAtANewPlaceHasAnArchiveMadeForTheNext() throws Exception {
    Path distribution = copy();
    try (Daemon daemon = serve(distribution, Map.of()).awaitReady()) {
      while (archives(distribution.resolve("lib")).isEmpty()) {
        assertThat(daemon.isAlive()).isTrue();
        Thread.sleep(100);
      }
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      assertThat(daemon.err()).allMatch(line -> line.contains(" INFO "));
    }
    assertStartsFromItsArchive(distribution);
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
        .anyMatch(line -> line.matches(".*/lib/native/aarch64/libjnidispatch.so"))
        .anyMatch(line -> line.matches(".*/lib/vertx-core-.*\\.jar"))
        .noneMatch(line -> line.matches(".*\\.(jsa|aot)"));
  }
}
