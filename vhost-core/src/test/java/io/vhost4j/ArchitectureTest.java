package io.vhost4j;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;

/** Who may know whom, as ARCHITECTURE.md draws it. */
@AnalyzeClasses(packages = "io.vhost4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "io.vhost4j.";

  @ArchTest
  static final ArchRule dataKnowsNothingOfNettyVertxOrSockets =
      noClasses()
          .that()
          .resideInAnyPackage(ROOT + "protocol", ROOT + "memory", ROOT + "virtqueue")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.netty..", "io.vertx..", "java.net..", "java.nio.channels..")
          .orShould()
          .dependOnClassesThat()
          .haveNameMatching(".*\\.nativeio\\.(ScmSocket|UnixSocket)");

  @ArchTest static final ArchRule nativeIoStandsAlone = mayKnow("nativeio");

  @ArchTest static final ArchRule memoryKnowsNativeIo = mayKnow("memory", "nativeio");

  @ArchTest static final ArchRule protocolKnowsMemory = mayKnow("protocol", "memory");

  @ArchTest static final ArchRule virtqueueKnowsMemory = mayKnow("virtqueue", "memory");

  @ArchTest static final ArchRule eventKnowsTheProtocol = mayKnow("event", "nativeio", "protocol");

  @ArchTest static final ArchRule deviceKnowsVirtqueues = mayKnow("device", "virtqueue");

  @ArchTest
  static final ArchRule backendDoesNotKnowTheFrontend =
      mayKnow("backend", "device", "event", "memory", "nativeio", "protocol", "virtqueue");

  @ArchTest
  static final ArchRule frontendKnowsNeitherBackendNorDevices =
      mayKnow("frontend", "event", "memory", "nativeio", "protocol", "virtqueue");

  @ArchTest
  static final ArchRule noCycles = slices().matching(ROOT + "(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyEventTouchesNettysTransport =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + "event")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.netty.channel.epoll..", "io.netty.channel.unix..");

  @ArchTest
  static final ArchRule onlyNativeIoHasNativeSignatures =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + "nativeio")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.sun.jna..");

  /** Of our own rooms, {@code room} depends on no others than these. */
  private static ArchRule mayKnow(String room, String... others) {
    String[] ours = new String[others.length + 1];
    ours[0] = ROOT + room;
    for (int i = 0; i < others.length; i++) {
      ours[i + 1] = ROOT + others[i];
    }
    return noClasses()
        .that()
        .resideInAPackage(ROOT + room)
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are in another room than " + String.join(", ", ours),
                type ->
                    type.getPackageName().startsWith("io.vhost4j")
                        && !List.of(ours).contains(type.getPackageName())));
  }
}
