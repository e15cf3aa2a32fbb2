package io.vhost4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Holds {@code docs/conformance.md} against the comments of the code: each rule that is named has a
 * row, and each row says which classes keep the rule and which tests hold it. With {@code
 * -Dconformance.write=true} the two columns are written anew.
 */
class ConformanceTest {
  private static final Path ROOT = Path.of("..");
  private static final Path DOCUMENT = ROOT.resolve("docs/conformance.md");

  /** A literal, which is skipped, or a comment. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\])*\"|'(?:\\\\.|[^'\\\\])*'"
              + "|(//[^\\n]*|/\\*.*?\\*/)",
          Pattern.DOTALL);

  /** One rule, or the first and the last of several. */
  private static final Pattern RULES = Pattern.compile("\\b([A-FHRV])(\\d+)(?: to \\1(\\d+))?\\b");

  private static final Pattern ROW =
      Pattern.compile("\\| ([A-Z]\\d+) \\|(.*)\\|(.*)\\|(.*)\\|(.*)\\|");

  private final Map<String, Set<String>> keptIn = new TreeMap<>();
  private final Map<String, Set<String>> heldBy = new TreeMap<>();

  @Test
  void everyRuleOfTheCodeHasARowThatNamesItsClassesAndTests() throws IOException {
    readSources();
    List<String> lines = Files.readAllLines(DOCUMENT);
    Set<String> unknown = new TreeSet<>(keptIn.keySet());
    unknown.addAll(heldBy.keySet());
    List<String> expected = new ArrayList<>();
    for (String line : lines) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        unknown.remove(row.group(1));
        expected.add(
            "| %s |%s|%s| %s | %s |"
                .formatted(
                    row.group(1),
                    row.group(2),
                    row.group(3),
                    names(keptIn, row.group(1)),
                    names(heldBy, row.group(1))));
      } else {
        expected.add(line);
      }
    }
    if (Boolean.getBoolean("conformance.write")) {
      Files.write(DOCUMENT, expected);
      lines = expected;
    }
    assertThat(unknown)
        .as("rules named in the code without a row in docs/conformance.md")
        .isEmpty();
    assertThat(lines)
        .as("docs/conformance.md; -Dconformance.write=true brings it up to date")
        .isEqualTo(expected)
        .as("every rule is kept somewhere and held by a test")
        .noneMatch(line -> line.endsWith("|  |") || line.contains("|  |"));
  }

  private static String names(Map<String, Set<String>> classes, String rule) {
    return String.join(", ", classes.getOrDefault(rule, Set.of()));
  }

  private void readSources() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        String path = file.toString();
        if (path.contains("/src/main/java/")) {
          readComments(file, keptIn);
        } else if (path.contains("/src/test/java/")) {
          readComments(file, heldBy);
        }
      }
    }
  }

  private static void readComments(Path file, Map<String, Set<String>> classes) throws IOException {
    String name = file.getFileName().toString().replace(".java", "");
    Matcher tokens = TOKEN.matcher(Files.readString(file));
    while (tokens.find()) {
      String comment = tokens.group(1);
      if (comment == null) {
        continue;
      }
      Matcher rules = RULES.matcher(comment.replaceAll("\\s*\\n\\s*(\\*|//)?\\s*", " "));
      while (rules.find()) {
        int first = Integer.parseInt(rules.group(2));
        int last = rules.group(3) == null ? first : Integer.parseInt(rules.group(3));
        for (int number = first; number <= last; number++) {
          classes.computeIfAbsent(rules.group(1) + number, rule -> new TreeSet<>()).add(name);
        }
      }
    }
  }
}
