package io.vhost4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Holds {@code docs/conformance.md} against the code: each rule that is named in a comment, in the
 * name of a test or to a {@code VirtqueueException} has a row, and each row says which classes keep
 * the rule and which tests name it. With {@code -Dconformance.write=true} the two columns are
 * written anew.
 */
class ConformanceTest {
  private static final Path ROOT = Path.of("..");
  private static final Path DOCUMENT = ROOT.resolve("docs/conformance.md");

  /** A literal, which may be a rule, a comment, or the name of what may be a test. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "\"([A-IKLNPRTV]\\d+)\""
              + "|\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\])*\"|'(?:\\\\.|[^'\\\\])*'"
              + "|(//[^\\n]*|/\\*.*?\\*/)"
              + "|\\bvoid (\\w+)\\(",
          Pattern.DOTALL);

  /** One rule, or the first and the last of several. */
  private static final Pattern IN_COMMENT =
      Pattern.compile("\\b([A-IKLNPRTV])(\\d+)(?: to \\1(\\d+))?\\b");

  private static final Pattern IN_NAME = Pattern.compile("(?:^[a-iklnprtv]|[A-IKLNPRTV])\\d+");

  private static final Pattern ROW =
      Pattern.compile("\\| ([A-Z]\\d+) \\|(.*)\\|(.*)\\|(.*)\\|(.*)\\|");

  /* Classes with their last package, by rule. */
  private final Map<String, Set<String>> keptIn = new TreeMap<>();
  private final Map<String, Set<String>> namedIn = new TreeMap<>();
  private final Map<String, Set<String>> namedByTheWay = new TreeMap<>();

  /** How many classes have a name. */
  private final Map<String, Integer> namesakes = new HashMap<>();

  @Test
  void everyRuleOfTheCodeHasARowThatNamesItsClassesAndTests() throws IOException {
    readSources();
    List<String> lines = Files.readAllLines(DOCUMENT);
    Set<String> unknown = new TreeSet<>(keptIn.keySet());
    unknown.addAll(namedIn.keySet());
    unknown.addAll(namedByTheWay.keySet());
    List<String> rules = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (String line : lines) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        String rule = row.group(1);
        rules.add(rule);
        expected.add(
            "| %s |%s|%s| %s | %s |"
                .formatted(
                    rule, row.group(2), row.group(3), names(keptIn, rule), names(namedIn, rule)));
      } else {
        expected.add(line);
      }
    }
    if (Boolean.getBoolean("conformance.write")) {
      Files.write(DOCUMENT, expected);
      lines = expected;
    }
    rules.forEach(unknown::remove);
    assertThat(unknown).as("rules named in the code without a row in %s", DOCUMENT).isEmpty();
    assertThat(rules).as("a row for each rule").doesNotHaveDuplicates();
    List<String> stale = new ArrayList<>(expected);
    stale.removeAll(lines);
    assertThat(stale)
        .as("rows of %s as the code has them; -Dconformance.write=true writes them", DOCUMENT)
        .isEmpty();
    assertThat(expected)
        .filteredOn(line -> line.contains("|  |"))
        .as("rules that are kept nowhere or named in no test")
        .isEmpty();
  }

  private String names(Map<String, Set<String>> classes, String rule) {
    return classes.getOrDefault(rule, Set.of()).stream()
        .map(this::shortName)
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private String shortName(String name) {
    String simple = simpleName(name);
    return namesakes.getOrDefault(simple, 0) > 1 ? name : simple;
  }

  private static String simpleName(String name) {
    return name.substring(name.indexOf('.') + 1);
  }

  private void readSources() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        String path = file.toString();
        String name = path.replaceFirst(".*/(.*)/(.*)\\.java", "$1.$2");
        boolean isMain = path.contains("/src/main/java/");
        if (!isMain && !path.contains("/src/test/java/")) {
          continue;
        }
        namesakes.merge(simpleName(name), 1, Integer::sum);
        if (path.contains("jcstress") || (!isMain && name.matches(".*(Test|IT)"))) {
          read(file, name, namedIn);
        } else {
          read(file, name, isMain ? keptIn : namedByTheWay);
        }
      }
    }
  }

  private static void read(Path file, String name, Map<String, Set<String>> classes)
      throws IOException {
    Matcher tokens = TOKEN.matcher(Files.readString(file));
    while (tokens.find()) {
      String literal = tokens.group(1);
      String comment = tokens.group(2);
      String method = tokens.group(3);
      if (literal != null) {
        add(literal, name, classes);
      } else if (comment != null) {
        readComment(comment, name, classes);
      } else if (method != null && file.toString().contains("/src/test/")) {
        IN_NAME
            .matcher(method)
            .results()
            .forEach(rule -> add(rule.group().toUpperCase(Locale.ROOT), name, classes));
      }
    }
  }

  private static void readComment(String comment, String name, Map<String, Set<String>> classes) {
    Matcher rules = IN_COMMENT.matcher(comment.replaceAll("\\s*\\n\\s*(\\*|//)?\\s*", " "));
    while (rules.find()) {
      int first = Integer.parseInt(rules.group(2));
      int last = rules.group(3) == null ? first : Integer.parseInt(rules.group(3));
      for (int number = first; number <= last; number++) {
        add(rules.group(1) + number, name, classes);
      }
    }
  }

  private static void add(String rule, String name, Map<String, Set<String>> classes) {
    classes.computeIfAbsent(rule, unused -> new TreeSet<>()).add(name);
  }
}
