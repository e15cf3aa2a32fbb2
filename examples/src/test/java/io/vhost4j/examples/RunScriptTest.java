package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The script {@code run}, in a tree of its own with a Maven and a Java that do as they are told.
 */
@Tag("long")
class RunScriptTest {
  private static final Path REPOSITORY = Path.of("..");
  private static final String REAL_JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  @TempDir Path directory;
  private Path tree;
  private Path temporary;
  private Path programs;

  @BeforeEach
  void makeTree() throws IOException {
    tree = directory.resolve("tree");
    temporary = Files.createDirectory(directory.resolve("tmp"));
    programs = Files.createDirectory(directory.resolve("bin"));
    Files.createDirectories(tree.resolve("scripts/guest"));
    for (String file : List.of("run", "scripts/lib.sh", "scripts/TestReport.java")) {
      Files.copy(REPOSITORY.resolve(file), tree.resolve(file));
    }
    script(tree.resolve("scripts/install-deps.sh"), "exit 0");
    script(tree.resolve("scripts/guest/prepare.sh"), "exit 0");
    Files.createDirectories(tree.resolve("scripts/uml"));
    script(tree.resolve("scripts/uml/prepare.sh"), "exit 0");
    script(programs.resolve("mvn"), "exit 0");
    makeJdk("jdk", "25.0.1");
    Files.createDirectories(tree.resolve("daemons/target"));
    Files.createDirectories(tree.resolve("daemons/src/test/java/some/where"));
    Files.createFile(tree.resolve("daemons/src/test/java/some/where/FooTest.java"));
    Files.createFile(tree.resolve("pom.xml"));
    Files.createFile(tree.resolve("daemons/pom.xml"));
    Path examples = tree.resolve("examples/src/main/java/io/vhost4j/examples");
    Files.createDirectories(examples);
    Files.writeString(examples.resolve("Bar.java"), "public static void main(String[] arguments)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"help", "-h", "--help", "demo --help", "test -h"})
  void theHelpIsNoError(String arguments) throws Exception {
    try (ProgramRun run = run(arguments.split(" "))) {
      assertThat(run.status()).isZero();
      assertThat(run.out()).startsWith("Usage: ./run COMMAND").contains("demo --device");
      assertThat(run.err()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "demo --nonsense",
        "demo --loopback more",
        "build all",
        "test NoSuchTest",
        "test --all",
        "example No"
      })
  void wrongUsageHasStatusTwo(String arguments) throws Exception {
    try (ProgramRun run = run(arguments.isEmpty() ? new String[0] : arguments.split(" "))) {
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err()).startsWith("run: ");
      assertThat(run.out()).isEmpty();
    }
  }

  @Test
  void theDemoWithoutHypervisorGetsModuleAndAdapter() throws Exception {
    script(tree.resolve("scripts/kernel-module.sh"), "echo /cache/$1/virtio-loopback.ko");
    script(directory.resolve("jdk/bin/java"), "echo \"$@\"");
    try (ProgramRun run = run("demo", "--loopback")) {
      assertThat(run.status()).as(run.err()).isZero();
      assertThat(run.out())
          .contains(
              "io.vhost4j.examples.LoopbackDemo scripts/guest/boot.sh"
                  + " /cache/6.12/virtio-loopback.ko"
                  + " daemons/target/vhost4j/bin/virtio-loopback-adapter"
                  + " demo-loopback-0.wav demo-loopback-1.wav");
    }
  }

  @Test
  void theExamplesAreListed() throws Exception {
    try (ProgramRun run = run("example")) {
      assertThat(run.status()).isZero();
      assertThat(run.out().lines()).contains("    ./run example Bar");
    }
  }

  @Test
  void aFailedTestIsShownWithItsParameterAndALineToRunItAgain() throws Exception {
    script(
        programs.resolve("mvn"),
        """
        mkdir -p daemons/target/surefire-reports
        cat >daemons/target/surefire-reports/TEST-some.where.FooTest.xml <<'XML'
        <testsuite>
          <testcase name="fine" classname="some.where.FooTest"/>
          <testcase name="bar(int)[2] value=7" classname="some.where.FooTest">
            <failure message="expected: 1&#10; but was: 7" type="x.AssertionFailedError">x.AssertionFailedError:
        \tat some.where.FooTest.bar(FooTest.java:12)
        </failure>
          </testcase>
          <testcase name="property" classname="some.where.FooTest$Inner">
            <failure message="no" type="java.lang.AssertionError">x</failure>
            <system-out>tries = 3 | # of calls

        Shrunk Sample (1 steps)
        -----------------------
          arg0: 1000
          arg1: "x"


        </system-out>
          </testcase>
          <testcase name="off" classname="some.where.FooTest"><skipped message="no sound here"/></testcase>
        </testsuite>
        XML
        exit 1
        """);

    try (ProgramRun run = run("test")) {
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err())
          .contains("FAILED  FooTest.bar(int)[2] value=7\n")
          .contains("expected: 1 but was: 7 (FooTest.java:12)\n")
          .contains("again: ./run test some.where.FooTest#bar\n")
          .contains("FAILED  FooTest$Inner.property\n")
          .contains("with arg0: 1000, arg1: \"x\"\n")
          .contains("again: ./run test 'some.where.FooTest$Inner#property'\n")
          .contains("SKIPPED FooTest.off\n            no sound here\n")
          .contains("Tests FAILED")
          .contains("4 tests, 2 failed, 1 skipped");
    }
    assertNothingIsLeft();
  }

  @Test
  void aTableTellsOfEachDeviceWhatBecameOfItsTests() throws Exception {
    Path sources = tree.resolve("daemons/src/test/java/some/where");
    Files.writeString(
        sources.resolve("GpioIT.java"),
        """
        package some.where;

        @DriverTest(device = "gpio", driver = "gpio-virtio", kernel = "Linux (a)", transport = "loopback")
        class GpioIT {
        """);
    Files.writeString(
        sources.resolve("BusesIT.java"),
        """
        /** Some class or other. */
        @Timeout(value = 600)
        final class BusesIT {
          @Test
          @DriverTest(
              device = "i2c",
              driver = "i2c-virtio",
              kernel = "Linux (b)",
              transport = "vhost-user")
          void transfersArrive() {
          }

          @ParameterizedTest
          @DriverTest(device = "spi", driver = "spi-virtio", kernel = "Linux (b)", transport = "vhost-user")
          @DriverTest(device = "lcd", driver = "spi-lcd", kernel = "Linux (b)", transport = "vhost-user")
          void bytesAreEchoed(int mode) {
          }
        """);
    Files.writeString(
        sources.resolve("BrokenIT.java"),
        """
        class BrokenIT {
          @DriverTest(device = "can", driver = "virtio_can", kernel = "Linux (b)", transport = "vhost-user")
          void framesArrive() {
        """);
    Files.writeString(
        sources.resolve("MissingIT.java"),
        """
        @DriverTest(device = "rtc", driver = "virtio_rtc", kernel = "Linux (b)", transport = "VDUSE")
        class MissingIT {
        """);
    script(
        programs.resolve("mvn"),
        """
        mkdir -p daemons/target/failsafe-reports
        cd daemons/target/failsafe-reports
        cat >TEST-some.where.GpioIT.xml <<'XML'
        <testsuite>
          <testcase name="one" classname="some.where.GpioIT"/>
          <testcase name="two" classname="some.where.GpioIT"/>
        </testsuite>
        XML
        cat >TEST-some.where.BusesIT.xml <<'XML'
        <testsuite>
          <testcase name="transfersArrive" classname="some.where.BusesIT"><skipped message="no"/></testcase>
          <testcase name="bytesAreEchoed(int)[1] mode=0" classname="some.where.BusesIT"/>
          <testcase name="bytesAreEchoed(int)[2] mode=1" classname="some.where.BusesIT"><failure/></testcase>
          <testcase name="theRest" classname="some.where.BusesIT"/>
        </testsuite>
        XML
        cat >TEST-some.where.BrokenIT.xml <<'XML'
        <testsuite>
          <testcase name="" classname="some.where.BrokenIT"><error message="no boot"/></testcase>
        </testsuite>
        XML
        """);

    try (ProgramRun run = run("test")) {
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err())
          .contains(
              """
                  device  driver       kernel     transport   result
                  can     virtio_can   Linux (b)  vhost-user  1 FAILED
                  gpio    gpio-virtio  Linux (a)  loopback    2 passed
                  i2c     i2c-virtio   Linux (b)  vhost-user  1 SKIPPED
                  lcd     spi-lcd      Linux (b)  vhost-user  1 FAILED, 1 passed
                  rtc     virtio_rtc   Linux (b)  VDUSE       NOT RUN
                  spi     spi-virtio   Linux (b)  vhost-user  1 FAILED, 1 passed
              """);
    }
  }

  @Test
  void aDeviceThatWasNotRunFailsTheTests() throws Exception {
    String report = "daemons/target/failsafe-reports/TEST-some.where.FooIT.xml";
    script(
        programs.resolve("mvn"),
        """
        mkdir -p daemons/target/failsafe-reports
        echo '<testsuite><testcase name="one" classname="some.where.FooIT"/></testsuite>' >%s
        """
            .formatted(report));
    Path source = tree.resolve("daemons/src/test/java/some/where/FooIT.java");
    String annotation =
        "@DriverTest(device = \"a\", driver = \"b\", kernel = \"c\", transport = \"d\")\n";
    Files.writeString(source, annotation + "class FooIT {");
    try (ProgramRun run = run("test")) {
      assertThat(run.status()).as(run.err()).isZero();
      assertThat(run.err()).contains("1 passed");
    }

    Files.writeString(source.resolveSibling("BarIT.java"), annotation.replace("a", "x"));
    try (ProgramRun run = run("test")) {
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err()).contains("NOT RUN");
    }
  }

  @Test
  void oneTestIsChosenByItsName() throws Exception {
    Path said = directory.resolve("said");
    script(programs.resolve("mvn"), "echo \"$*\" >" + said);

    try (ProgramRun run = run("test", "some.where.FooTest#bar")) {
      assertThat(run.status()).as("no test has run").isEqualTo(1);
      assertThat(run.err()).contains("0 tests");
    }
    assertThat(said)
        .content()
        .contains("-pl daemons -am")
        .contains("-Dtest=some.where.FooTest#bar");
  }

  @ParameterizedTest
  @CsvSource({"test, -Dgroups=jdk", "test --all-jdks, ''"})
  void onJava25RunsWhatDependsOnTheJdkOrAllOfIt(String command, String groups) throws Exception {
    makeJdk("jdk", "17.0.1");
    makeJdk("jdk25", "25.0.1");
    Path said = directory.resolve("said");
    script(programs.resolve("mvn"), "echo \"${JAVA_HOME##*/} $*\" >>" + said);

    try (ProgramRun run = run(command.split(" ", -1))) {
      assertThat(run.status()).as("no test has run").isEqualTo(1);
    }
    List<String> passes = Files.readAllLines(said);
    assertThat(passes).hasSize(2);
    assertThat(passes.get(0)).startsWith("jdk ").contains("-Pjcstress").doesNotContain("groups");
    assertThat(passes.get(1)).startsWith("jdk25 ").contains("verify").endsWith(groups);
    assertThat(passes.get(1).contains("groups")).isEqualTo(!groups.isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"build", "test", "bench"})
  void aSignalEndsAllAtOnceAndLeavesNothing(String command) throws Exception {
    Path child = directory.resolve("child");
    String endless =
        """
        mktemp -d >/dev/null
        trap 'sleep 0.3; exit 143' TERM
        sleep 300 & echo $! >%s
        wait
        """
            .formatted(child);
    if (command.equals("bench")) {
      script(directory.resolve("jdk/bin/java"), endless);
    } else {
      script(programs.resolve("mvn"), endless);
    }

    try (ProgramRun run = run(command)) {
      while (!Files.exists(child) || Files.size(child) == 0) {
        assertThat(run.handle().isAlive()).as(run.err()).isTrue();
        Thread.sleep(20);
      }
      List<ProcessHandle> children = run.handle().descendants().toList();
      assertThat(children).hasSizeGreaterThanOrEqualTo(2);
      run.terminate();
      assertThat(run.status()).isEqualTo(143);
      assertThat(children).noneMatch(ProcessHandle::isAlive);
    }
    assertNothingIsLeft();
  }

  @Test
  void aTerminalThatStopsWhatWritesInTheBackgroundDoesNotStopPrograms() throws Exception {
    script(directory.resolve("jdk/bin/java"), "echo It runs.");
    String command = "stty tostop; '" + tree.resolve("run") + "' example Bar";

    try (ProgramRun run =
        ProgramRun.start(
            directory, environment(), List.of("script", "-qec", command, "/dev/null"))) {
      run.awaitOut(out -> out.contains("It runs."));
      assertThat(run.status()).isZero();
    }
  }

  @Test
  void withoutAptItSaysWhatToInstall() throws Exception {
    Path installer = Path.of("../scripts/install-deps.sh").toAbsolutePath().normalize();
    Path other = Files.createDirectory(directory.resolve("other"));
    for (String name : List.of("env", "bash", "dirname", "readlink", "sed", "cat")) {
      script(other.resolve(name), "exec /usr/bin/" + name + " \"$@\"");
    }
    Map<String, String> environment = Map.of("PATH", other.toString());

    try (ProgramRun run =
        ProgramRun.start(directory, environment, List.of(installer.toString(), "build"))) {
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err()).contains("there is no apt here").contains("Maven");
    }
    try (ProgramRun run =
        ProgramRun.start(directory, environment, List.of(installer.toString(), "guest"))) {
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err()).contains("Debian").contains("docker run");
    }
  }

  private void makeJdk(String name, String version) throws IOException {
    Path bin = Files.createDirectories(directory.resolve(name).resolve("bin"));
    script(bin.resolve("javac"), "exit 1");
    script(bin.resolve("java"), "exec " + REAL_JAVA + " \"$@\"");
    Files.writeString(bin.resolveSibling("release"), "JAVA_VERSION=\"" + version + "\"\n");
  }

  private ProgramRun run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(tree.resolve("run").toString()));
    Collections.addAll(command, arguments);
    return ProgramRun.start(directory, environment(), command);
  }

  private Map<String, String> environment() {
    return Map.of(
        "PATH", programs + ":" + System.getenv("PATH"),
        "JAVA_HOME", directory.resolve("jdk").toString(),
        "JAVA25_HOME", directory.resolve("jdk25").toString(),
        "TMPDIR", temporary.toString(),
        "XDG_CACHE_HOME", directory.resolve("cache").toString());
  }

  private void assertNothingIsLeft() throws IOException {
    try (Stream<Path> files = Files.list(temporary)) {
      assertThat(files).isEmpty();
    }
  }

  private static void script(Path file, String text) throws IOException {
    Files.writeString(file, "#!/bin/bash\n" + text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
