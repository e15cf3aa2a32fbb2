import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
 */
final class TestReport {
  private static final int LONGEST_REASON = 400;

  /** The values with which jqwik falsified a property, in what it prints. */
  private static final Pattern SAMPLE =
      Pattern.compile("\n(?:Shrunk )?Sample[^\n]*\n-+\n(.*?)\n\n", Pattern.DOTALL);

  private int tests;
  private int failed;
  private int skipped;

  public static void main(String[] files) throws Exception {
    TestReport report = new TestReport();
    for (String file : files) {
      report.add(Path.of(file));
    }
    System.out.printf("%d tests, %d failed, %d skipped%n", report.tests, report.failed, report.skipped);
    System.exit(report.tests > 0 && report.failed + report.skipped == 0 ? 0 : 1);
  }

  private void add(Path file) throws Exception {
    Element suite = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile()).getDocumentElement();
    for (Element test : children(suite, "testcase")) {
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
    return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + " ...";
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

  /** What surefire takes as the name of the test; parameters cannot be chosen. */
  private static String again(Element test) {
    String method = test.getAttribute("name").split("[^\\w$]", 2)[0];
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
