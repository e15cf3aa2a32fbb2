package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the README shows is what the examples are, which other tests run. */
class ReadmeTest {
  @Test
  void itsJavaIsThatOfTheExamples() throws Exception {
    List<String> sources;
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      sources = files.filter(Files::isRegularFile).map(file -> plain(read(file))).toList();
    }

    assertThat(Readme.blocks("java")).isNotEmpty();
    for (String block : Readme.blocks("java")) {
      assertThat(sources).anySatisfy(source -> assertThat(source).contains(plain(block)));
    }
  }

  @Test
  void itsCoordinatesAreThoseOfTheModules() {
    String parent = read(Path.of("../pom.xml"));
    String version = first("<version>([^<]+)</version>", parent);
    String javaRelease = first("<maven.compiler.release>([^<]+)<", parent);
    List<String> poms =
        Readme.blocks("xml").stream().filter(block -> block.contains("<project")).toList();

    assertThat(poms).hasSize(1);
    String pom = poms.get(0);
    assertThat(pom).contains("<maven.compiler.target>" + javaRelease + "<");
    Matcher dependency =
        Pattern.compile(
                "<groupId>io\\.vhost4j</groupId>\\s*<artifactId>([^<]+)</artifactId>\\s*"
                    + "<version>([^<]+)</version>")
            .matcher(pom);
    assertThat(dependency.find()).isTrue();
    do {
      assertThat(parent).contains("<module>" + dependency.group(1) + "</module>");
      assertThat(dependency.group(2)).isEqualTo(version);
    } while (dependency.find());
  }

  @Test
  void everyLinkLeadsToAFile() {
    Matcher link =
        Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)").matcher(read(Path.of("../README.md")));
    while (link.find()) {
      assertThat(Path.of("..", link.group(1))).exists();
    }
  }

  private static String first(String pattern, String text) {
    Matcher match = Pattern.compile(pattern).matcher(text);
    assertThat(match.find()).as(pattern).isTrue();
    return match.group(1);
  }

  /** Indentation makes no difference. */
  private static String plain(String code) {
    return code.lines().map(String::strip).collect(Collectors.joining("\n"));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
