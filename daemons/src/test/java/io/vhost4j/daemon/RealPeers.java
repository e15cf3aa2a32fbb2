package io.vhost4j.daemon;

import static org.junit.jupiter.api.extension.ConditionEvaluationResult.disabled;
import static org.junit.jupiter.api.extension.ConditionEvaluationResult.enabled;
import static org.junit.platform.commons.support.AnnotationSupport.findAnnotation;

import java.io.File;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Tests of the packaged daemon against real programs. They run where the environment variable
 * {@code VHOST4J_PEERS} is 1, as {@code ./run test} sets it, and then a missing program is a
 * failure; elsewhere they are skipped, and a line on stderr says so.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RealPeers.Gate.class)
@interface RealPeers {
  /** The programs that must be on the PATH. */
  String[] value();

  /** Decides, and looks for the programs. */
  final class Gate implements ExecutionCondition, BeforeAllCallback {
    private static final String SWITCH = "VHOST4J_PEERS";

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      if ("1".equals(System.getenv(SWITCH))) {
        return enabled(SWITCH + "=1");
      }
      String reason =
          "needs " + String.join(", ", programs(context)) + ": './run test' runs it, or " + SWITCH;
      if (context.getTestMethod().isEmpty()) {
        System.err.println("Skipped: " + context.getDisplayName() + " " + reason + "=1");
      }
      return disabled(reason);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
      List<String> missing = programs(context).stream().filter(name -> !isOnPath(name)).toList();
      if (!missing.isEmpty()) {
        throw new AssertionError(
            "these programs are missing: "
                + String.join(", ", missing)
                + "; scripts/install-deps.sh test installs them");
      }
    }

    private static List<String> programs(ExtensionContext context) {
      return findAnnotation(context.getRequiredTestClass(), RealPeers.class)
          .map(peers -> List.of(peers.value()))
          .orElse(List.of());
    }

    private static boolean isOnPath(String program) {
      return Stream.of(System.getenv("PATH").split(File.pathSeparator))
          .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }
  }
}
