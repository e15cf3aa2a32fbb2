package io.vhost4j;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who may know whom, as ARCHITECTURE.md draws it. Here, in the last module, as all others are on
 * its class path.
 */
@AnalyzeClasses(packages = "io.vhost4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "io.vhost4j.";

  /** For each room the others that it may know; two dots are the rooms within. */
  private static final Map<String, List<String>> MAY_KNOW = new LinkedHashMap<>();

  static {
    MAY_KNOW.put("nativeio", List.of());
    MAY_KNOW.put("memory", List.of("nativeio"));
    MAY_KNOW.put("virtqueue", List.of("memory"));
    MAY_KNOW.put("vhostuser.protocol", List.of("device", "memory"));
    MAY_KNOW.put("event", List.of("nativeio"));
    MAY_KNOW.put("vhostuser.channel", List.of("event", "nativeio", "vhostuser.protocol"));
    MAY_KNOW.put("device", List.of("virtqueue"));
    MAY_KNOW.put("device.queue", List.of("device", "virtqueue"));
    MAY_KNOW.put("engine", List.of("device", "event", "memory", "virtqueue"));
    MAY_KNOW.put(
        "vhostuser.backend",
        List.of(
            "device",
            "engine",
            "event",
            "memory",
            "nativeio",
            "vhostuser.channel",
            "vhostuser.protocol",
            "virtqueue"));
    MAY_KNOW.put(
        "vhostuser.frontend",
        List.of(
            "device",
            "event",
            "memory",
            "nativeio",
            "vhostuser.channel",
            "vhostuser.protocol",
            "virtqueue"));
    MAY_KNOW.put(
        "testkit",
        List.of(
            "device",
            "engine",
            "event",
            "memory",
            "nativeio",
            "vhostuser.backend",
            "vhostuser.protocol",
            "virtqueue"));
    MAY_KNOW.put("audio", List.of());
    MAY_KNOW.put("audio.none", List.of("audio"));
    MAY_KNOW.put("audio.file", List.of("audio", "audio.none"));
    MAY_KNOW.put("audio.alsa..", List.of("audio"));
    MAY_KNOW.put("audio.pipewire..", List.of("audio"));
    MAY_KNOW.put("device.can", List.of("device", "device.queue", "event", "nativeio", "virtqueue"));
    MAY_KNOW.put(
        "device.input", List.of("device", "device.queue", "event", "nativeio", "virtqueue"));
    MAY_KNOW.put(
        "device.console", List.of("device", "device.queue", "event", "nativeio", "virtqueue"));
    MAY_KNOW.put("device.rng", List.of("device", "device.queue", "virtqueue"));
    MAY_KNOW.put(
        "device.gpio", List.of("device", "device.queue", "event", "nativeio", "virtqueue"));
    MAY_KNOW.put("device.i2c", List.of("device", "device.queue", "nativeio", "virtqueue"));
    MAY_KNOW.put("device.spi", List.of("device", "device.queue", "nativeio", "virtqueue"));
    MAY_KNOW.put("device.rtc", List.of("device", "device.queue", "event", "nativeio", "virtqueue"));
    MAY_KNOW.put("device.sound.wire", List.of("audio", "device"));
    MAY_KNOW.put(
        "device.sound",
        List.of("device.sound.wire", "audio", "device", "device.queue", "event", "virtqueue"));
    MAY_KNOW.put(
        "device.sound.driver",
        List.of(
            "device.sound.wire",
            "audio",
            "device",
            "event",
            "vhostuser.frontend",
            "memory",
            "virtqueue"));
    MAY_KNOW.put(
        "loopback",
        List.of(
            "device",
            "engine",
            "event",
            "memory",
            "nativeio",
            "vhostuser.frontend",
            "vhostuser.protocol",
            "virtqueue"));
    MAY_KNOW.put(
        "daemon",
        List.of(
            "device",
            "engine",
            "event",
            "loopback",
            "nativeio",
            "vhostuser.backend",
            "vhostuser.channel"));
    MAY_KNOW.put(
        "bench..",
        List.of(
            "device.sound",
            "device.sound.wire",
            "audio",
            "audio.none",
            "device",
            "device.can",
            "device.gpio",
            "device.i2c",
            "vhostuser.backend",
            "event",
            "vhostuser.frontend",
            "memory",
            "nativeio",
            "vhostuser.protocol",
            "virtqueue"));
    MAY_KNOW.put(
        "examples",
        List.of(
            "device.sound",
            "device.sound.driver",
            "audio",
            "audio.none",
            "vhostuser.backend",
            "device",
            "device.queue",
            "event",
            "virtqueue"));
  }

  @ArchTest
  static final ArchRule eachRoomKnowsOnlyItsNeighbours =
      CompositeArchRule.of(
          MAY_KNOW.entrySet().stream()
              .map(entry -> mayKnow(entry.getKey(), entry.getValue()))
              .toList());

  private static ArchRule mayKnow(String room, List<String> others) {
    List<String> known = new ArrayList<>(others);
    known.add(room);
    return noClasses()
        .that()
        .resideInAPackage(ROOT + room)
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.vhost4j..").and(not(resideInAnyPackage(packages(known)))));
  }

  @ArchTest
  static final ArchRule everyClassIsInARoomOfTheTable =
      classes().should().resideInAnyPackage(packages(MAY_KNOW.keySet()));

  private static String[] packages(Iterable<String> rooms) {
    List<String> packages = new ArrayList<>();
    rooms.forEach(room -> packages.add(ROOT + room));
    return packages.toArray(String[]::new);
  }

  @ArchTest
  static final ArchRule dataKnowsNothingOfNettyVertxOrSockets =
      noClasses()
          .that()
          .resideInAnyPackage(ROOT + "vhostuser.protocol", ROOT + "memory", ROOT + "virtqueue")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.netty..", "io.vertx..", "java.net..", "java.nio.channels..")
          .orShould()
          .dependOnClassesThat()
          .haveNameMatching(".*\\.nativeio\\.(ScmSocket|UnixSocket)");

  @ArchTest
  static final ArchRule audioBackendsKnowNoEventLoop =
      noClasses()
          .that()
          .resideInAPackage(ROOT + "audio..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.netty..", "io.vertx..");

  @ArchTest
  static final ArchRule noCycles = slices().matching(ROOT + "(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyEventTouchesNettysTransport =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + "event")
          .and()
          .doNotHaveFullyQualifiedName(ROOT + "daemon.ServiceManager")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.netty.channel.epoll..", "io.netty.channel.unix..");

  @ArchTest
  static final ArchRule onlyNativeIoAndTwoAudioBackendsHaveNativeSignatures =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              ROOT + "nativeio", ROOT + "audio.alsa..", ROOT + "audio.pipewire..")
          .and()
          .doNotHaveFullyQualifiedName(ROOT + "daemon.NativeHeap")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.sun.jna..");
}
