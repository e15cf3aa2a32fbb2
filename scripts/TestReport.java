import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Tells on stdout which tests of surefire's and failsafe's XML reports failed or were skipped and why, with a line to
 * run each again, and ends with a line of totals.
 *
 * <p>{@code java TestReport.java REPORT.xml...}; status 0 if every test ran and passed and there was one at all.
 *
 * <p>{@code java TestReport.java --drivers TEST.java... REPORT.xml...} prints a table instead: each device that the
 * sources of tests name in {@code @DriverTest}, its driver, and what became of the tests; status 0 if all of them ran and
 * passed.
 */
final class TestReport {
  private static final int LONGEST_REASON = 1500;

  /** Of a longer one, its end is told too: that is where a guest says what it died of. */
  private static final int END_OF_REASON = 900;

  /** The values with which jqwik falsified a property, in what it prints. */
  private static final Pattern SAMPLE =
      Pattern.compile("\n(?:Shrunk )?Sample[^\n]*\n-+\n(.*?)\n\n", Pattern.DOTALL);

  private int tests;
  private int failed;
  private int skipped;

  private static final List<String> COLUMNS = List.of("device", "driver", "kernel", "transport");

  /** An annotation, its strings taken whole. */
  private static final Pattern DRIVER_TEST = Pattern.compile("@DriverTest\\(((?:[^\")]|\"[^\"]*\")*)\\)");

  private static final Pattern VALUE = Pattern.compile("(\\w+)\\s*=\\s*\"([^\"]*)\"");
  private static final Pattern CLASS = Pattern.compile("^(?:[a-z]+ )*class ", Pattern.MULTILINE);
  private static final Pattern METHOD = Pattern.compile("\\bvoid (\\w+)\\(");

  /** What became of tests. */
  private static final class Results {
    private int passed;
    private int failed;
    private int skipped;

    void add(Element test) {
      if (!children(test, "failure").isEmpty() || !children(test, "error").isEmpty()) {
        failed++;
      } else if (!children(test, "skipped").isEmpty()) {
        skipped++;
      } else {
        passed++;
      }
    }

    boolean isGood() {
      return passed > 0 && failed + skipped == 0;
    }

    @Override
    public String toString() {
      List<String> words = new ArrayList<>();
      if (failed > 0) {
        words.add(failed + " FAILED");
      }
      if (skipped > 0) {
        words.add(skipped + " SKIPPED");
      }
      if (passed > 0) {
        words.add(passed + " passed");
      }
      return words.isEmpty() ? "NOT RUN" : String.join(", ", words);
    }
  }

  public static void main(String[] files) throws Exception {
    if (files.length > 0 && files[0].equals("--drivers")) {
      System.exit(drivers(Arrays.asList(files).subList(1, files.length)) ? 0 : 1);
    }
    TestReport report = new TestReport();
    for (String file : files) {
      report.add(Path.of(file));
    }
    System.out.printf("%d tests, %d failed, %d skipped%n", report.tests, report.failed, report.skipped);
    System.exit(report.tests > 0 && report.failed + report.skipped == 0 ? 0 : 1);
  }

  /** Prints the table; returns whether all of it is well. */
  private static boolean drivers(List<String> files) throws Exception {
    Map<String, List<Element>> tests = new HashMap<>();
    for (String file : files) {
      if (file.endsWith(".xml")) {
        for (Element test : testCases(Path.of(file))) {
          tests.computeIfAbsent(simple(test.getAttribute("classname")), name -> new ArrayList<>()).add(test);
        }
      }
    }
    // By their columns, as several tests may be about the same driver.
    Map<String, Results> rows = new TreeMap<>();
    for (String file : files) {
      if (file.endsWith(".java")) {
        Path source = Path.of(file);
        String name = source.getFileName().toString().replace(".java", "");
        addRows(Files.readString(source), tests.getOrDefault(name, List.of()), rows);
      }
    }
    List<String[]> lines = new ArrayList<>();
    lines.add((String.join("\t", COLUMNS) + "\tresult").split("\t"));
    rows.forEach((columns, results) -> lines.add((columns + "\t" + results).split("\t", -1)));
    for (String[] line : lines) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < line.length; i++) {
        int column = i;
        int width = lines.stream().mapToInt(each -> each[column].length()).max().orElse(0);
        text.append(line[i]).append(" ".repeat(width - line[i].length() + 2));
      }
      System.out.println(text.toString().strip());
    }
    return !rows.isEmpty() && rows.values().stream().allMatch(Results::isGood);
  }

  private static void addRows(String source, List<Element> tests, Map<String, Results> rows) {
    Matcher declaration = CLASS.matcher(source);
    int body = declaration.find() ? declaration.start() : source.length();
    Matcher annotation = DRIVER_TEST.matcher(source);
    while (annotation.find()) {
      Map<String, String> values = new HashMap<>();
      VALUE.matcher(annotation.group(1)).results().forEach(value -> values.put(value.group(1), value.group(2)));
      String columns = COLUMNS.stream().map(column -> values.getOrDefault(column, "?")).collect(Collectors.joining("\t"));
      Results results = rows.computeIfAbsent(columns, key -> new Results());
      Matcher method = METHOD.matcher(source);
      boolean ofClass = annotation.start() < body || !method.find(annotation.end());
      tests.stream()
          .filter(test -> ofClass || isOf(test, method.group(1)))
          .forEach(results::add);
    }
  }

  /** What happens before the first method is about all of them, and has the name of the class or none. */
  private static boolean isOf(Element test, String method) {
    String className = test.getAttribute("classname");
    return method(test).equals(method)
        || List.of("", className, simple(className)).contains(test.getAttribute("name"));
  }

  private static List<Element> testCases(Path file) throws Exception {
    return children(
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile()).getDocumentElement(), "testcase");
  }

  private void add(Path file) throws Exception {
    for (Element test : testCases(file)) {
      tests++;
      List<Element> causes = new ArrayList<>(children(test, "failure"));
      causes.addAll(children(test, "error"));
      if (!causes.isEmpty()) {
        failed++;
        tell("FAILED ", test, causes.get(0));
        String sample = sample(test);
        if (!sample.isEmpty()) {
          System.out.println("            with " + sample);
        }
        System.out.println("            again: ./run test " + again(test));
      } else if (!children(test, "skipped").isEmpty()) {
        skipped++;
        tell("SKIPPED", test, children(test, "skipped").get(0));
      }
    }
  }

  private static void tell(String what, Element test, Element cause) {
    System.out.println("    " + what + " " + simple(test.getAttribute("classname")) + "." + test.getAttribute("name"));
    System.out.println("            " + reason(cause) + place(test, cause));
  }

  private static String simple(String className) {
    return className.substring(className.lastIndexOf('.') + 1);
  }

  /** The message on one line, or the first line of the stack trace. */
  private static String reason(Element cause) {
    String message = cause.getAttribute("message");
    if (message.isBlank()) {
      message = cause.getTextContent().strip().lines().findFirst().orElse("no reason given");
      message = message.replaceFirst("^\\S+TestAbortedException: (Assumption failed: )?", "");
    } else if (cause.getAttribute("type").endsWith("Exception")) {
      message = simple(cause.getAttribute("type")) + ": " + message;
    }
    return shortened(message);
  }

  private static String shortened(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    if (line.length() <= LONGEST_REASON) {
      return line;
    }
    return line.substring(0, LONGEST_REASON - END_OF_REASON) + " ... " + line.substring(line.length() - END_OF_REASON);
  }

  /** The line of the test in the stack trace, if it is there. */
  private static String place(Element test, Element cause) {
    Matcher line =
        Pattern.compile("at " + Pattern.quote(test.getAttribute("classname")) + "\\.[^(\n]*\\(([^)\n]+)\\)")
            .matcher(cause.getTextContent());
    return line.find() ? " (" + line.group(1) + ")" : "";
  }

  private static String sample(Element test) {
    return children(test, "system-out").stream()
        .map(output -> SAMPLE.matcher(output.getTextContent()))
        .filter(Matcher::find)
        .map(found -> shortened(found.group(1).replace("\n", ", ")))
        .collect(Collectors.joining("; "));
  }

  /** Without its parameters; empty for what is of no method. */
  private static String method(Element test) {
    return test.getAttribute("name").split("[^\\w$]", 2)[0];
  }

  /** What surefire takes as the name of the test; parameters cannot be chosen. */
  private static String again(Element test) {
    String method = method(test);
    String name = test.getAttribute("classname") + Optional.of(method).filter(m -> !m.isEmpty()).map(m -> "#" + m).orElse("");
    return name.contains("$") ? "'" + name + "'" : name;
  }

  private static List<Element> children(Element parent, String tag) {
    List<Element> found = new ArrayList<>();
    NodeList nodes = parent.getChildNodes();
    for (int i = 0; i < nodes.getLength(); i++) {
      Node node = nodes.item(i);
      if (node instanceof Element element && element.getTagName().equals(tag)) {
        found.add(element);
      }
    }
    return found;
  }
}
