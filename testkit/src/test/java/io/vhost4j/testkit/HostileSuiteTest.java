package io.vhost4j.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.testkit.FlawedDevice.Flaw;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The suite lets a device pass that is as it should be, and finds each flaw in others. */
@Tag("jdk")
@Tag("long")
class HostileSuiteTest {
  private static byte[] request(int code, String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    return ByteBuffer.allocate(8 + bytes.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(code)
        .putInt(bytes.length)
        .put(bytes)
        .array();
  }

  private static void works(Guest guest) throws Exception {
    for (int i = 0; i < 2; i++) {
      Returned answer = guest.queue(i).request(request(FlawedDevice.ECHO, "hello"), 6);
      assertThat(answer.writable()[0]).as("status, 1 if it was refused").isZero();
      assertThat(new String(answer.writable(), 1, 5, US_ASCII)).isEqualTo("hello");
    }
  }

  private static HostileSuite suite(@Nullable Flaw flaw) {
    return HostileSuite.of(() -> new FlawedDevice(flaw), HostileSuiteTest::works)
        .request(0, request(FlawedDevice.ECHO, "hello"), 6)
        .request(0, request(FlawedDevice.REFUSE, ""), 1)
        .request(
            1, request(FlawedDevice.ECHO, "a text of more than forty characters, as others"), 60);
  }

  @TestFactory
  Stream<DynamicNode> aDeviceWithoutAFlawPasses() {
    return suite(null).tests();
  }

  @ParameterizedTest
  @EnumSource(Flaw.class)
  void aFlawIsFound(Flaw flaw) throws Throwable {
    try (Stream<DynamicNode> nodes = suite(flaw).patience(Duration.ofMillis(200)).tests()) {
      List<DynamicTest> tests = nodes.flatMap(HostileSuiteTest::flatten).toList();
      DynamicTest begin = tests.get(0);
      DynamicTest end = tests.get(tests.size() - 1);
      begin.getExecutable().execute();
      DynamicTest attack =
          tests.stream()
              .filter(test -> test.getDisplayName().equals(flaw.attack))
              .findFirst()
              .orElseThrow();
      if (attack.equals(end)) { // it says so of any attack
        tests.get(1).getExecutable().execute();
      }
      assertThatThrownBy(() -> attack.getExecutable().execute())
          .satisfies(
              thrown ->
                  assertThat(thrown.getClass() + Objects.toString(thrown.getMessage()))
                      .contains(flaw.words));
    }
  }

  private static Stream<DynamicTest> flatten(DynamicNode node) {
    return node instanceof DynamicContainer container
        ? container.getChildren().flatMap(HostileSuiteTest::flatten)
        : Stream.of((DynamicTest) node);
  }
}
