package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OpenFiles;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.VringFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file on a FUSE file system whose server answers nobody any more: an access to it, a question
 * about it and its close wait for ever.
 */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class FrozenFileSystemIT {
  @RegisterExtension final Backend backend = new Backend();
  @TempDir Path directory;

  private final TestDevice device = new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE);
  private Path mounted;
  private Process server;

  @BeforeEach
  void mount() throws Exception {
    Path source = Files.createDirectory(directory.resolve("source"));
    mounted = Files.createDirectory(directory.resolve("mounted"));
    Files.write(source.resolve("memory"), new byte[8192]);
    try {
      server =
          new ProcessBuilder("bindfs", "-f", source.toString(), mounted.toString())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("log").toFile())
              .start();
    } catch (IOException e) {
      fail("bindfs is missing: install Debian's bindfs", e);
    }
    Await.until("mounted", () -> Files.exists(mounted.resolve("memory")) || !server.isAlive());
    if (!server.isAlive()) {
      fail("bindfs cannot mount here: " + Files.readString(directory.resolve("log")));
    }
  }

  @AfterEach
  void unmount() throws Exception {
    if (server != null && server.isAlive()) {
      OpenFiles.thaw(server);
      server.destroy(); // it unmounts
      assertThat(server.waitFor(Await.SECONDS, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void itsFilesAreRefusedAndHoldUpNobody() throws Exception {
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    MemoryRegion region = new MemoryRegion(1L << 40, 4096, 1L << 40, 0);
    ByteBuffer vring = new VringFile(0, true).encode();
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(backend.serve(device), 1);
        OwnedFd file = OddFiles.open(mounted.resolve("memory").toString())) {
      OpenFiles.freeze(server);
      try {
        for (FrontendMessage type :
            List.of(
                FrontendMessage.SET_VRING_KICK,
                FrontendMessage.SET_VRING_CALL,
                FrontendMessage.SET_VRING_ERR)) {
          assertThat(guest.frontend.acked(type, vring, file)).isNotZero();
        }
        ByteBuffer single = MemoryTable.encodeSingle(region);
        assertThat(guest.frontend.acked(FrontendMessage.ADD_MEM_REG, single, file)).isNotZero();
        ByteBuffer table = MemoryTable.encode(List.of(Guest.region(), region));
        assertThat(guest.frontend.acked(FrontendMessage.SET_MEM_TABLE, table, guest.file, file))
            .isNotZero();
        guest.play(guest.queues.get(0));
        neighbour.play(neighbour.queues.get(0));
      } finally {
        OpenFiles.thaw(server); // or this process could not close the file either
      }
    }
    assertThat(backend.logs().complaints())
        .filteredOn(line -> line.contains("memory region"))
        .hasSize(2)
        .allMatch(line -> line.contains("(fuse): use a memfd"));
  }
}
