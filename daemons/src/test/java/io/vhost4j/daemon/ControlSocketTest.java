package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.DeviceControl;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.LogWatch;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ControlSocketTest {
  /** Says what it is told, and {@code many N} lines. */
  private static final class Echo implements DeviceControl {
    volatile @Nullable Consumer<String> changes;
    final Semaphore waits = new Semaphore(0);
    final Semaphore go = new Semaphore(0);

    @Override
    public List<String> commands() {
      return List.of("say WORD - says it");
    }

    @Override
    public List<String> obey(List<String> words) throws Refused {
      switch (words.get(0)) {
        case "say" -> {
          return words.subList(1, words.size());
        }
        case "many" -> {
          return Collections.nCopies(Integer.parseInt(words.get(1)), "0123456789".repeat(10));
        }
        case "wait" -> {
          waits.release();
          go.acquireUninterruptibly();
          return List.of();
        }
        case "change" -> {
          Consumer<String> watcher = changes;
          for (int i = 0; watcher != null && i < Integer.parseInt(words.get(1)); i++) {
            watcher.accept("changed " + i);
          }
          return List.of();
        }
        default -> throw new Refused("there is no " + words.get(0));
      }
    }

    @Override
    public void watch(@Nullable Consumer<String> whoWatches) {
      changes = whoWatches;
    }
  }

  @TempDir Path directory;
  private final Echo echo = new Echo();
  private Vertx vertx;
  private Path path;
  private ControlSocket control;

  @BeforeEach
  void listen() throws Exception {
    vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
    Context context = NativeTransport.newLoop(vertx);
    path = directory.resolve("control");
    control = ControlSocket.listen(context, path, echo).await(20, TimeUnit.SECONDS);
  }

  @AfterEach
  void close() throws Exception {
    control.close();
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  @Test
  void theOwnerAloneMayConnectAndTheSocketIsRemoved() throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
    control.close();
    assertThat(path).doesNotExist();
  }

  @Test
  void eachCommandHasItsAnswerInOrder() throws Exception {
    try (ControlClient client = new ControlClient(path)) {
      client.send("say a b\r\n\n jump high\nsay");
      assertThat(List.of(client.line(), client.line(), client.line(), client.line()))
          .containsExactly("a", "b", "ok", "error: there is no jump");
      client.send(" c\n");
      assertThat(List.of(client.line(), client.line())).containsExactly("c", "ok");
      assertThat(client.ask("help"))
          .startsWith("say WORD - says it")
          .anyMatch(line -> line.startsWith("watch "));
    }
  }

  @Test
  void aCommandThatFailsIsAnsweredToo() throws Exception {
    try (ControlClient client = new ControlClient(path)) {
      client.send("many x\nsay on\n");
      assertThat(client.line()).startsWith("error: the device has a defect");
      assertThat(client.line()).isEqualTo("on");
    }
  }

  @Test
  void whoEndsHisSideHasTheAnswers() throws Exception {
    try (ControlClient client = new ControlClient(path)) {
      client.send("many 20000\nsay a\n");
      client.end();
      List<String> lines = new ArrayList<>();
      for (String line = client.line(); line != null; line = client.line()) {
        lines.add(line);
      }
      assertThat(lines).hasSize(20_003).endsWith("ok", "a", "ok");
    }
  }

  @Test
  void changesAreToldToWhoWatchesAlone() throws Exception {
    try (ControlClient watcher = new ControlClient(path);
        ControlClient other = new ControlClient(path)) {
      assertThat(echo.changes).isNull();
      assertThat(watcher.ask("watch")).isEmpty();
      assertThat(other.ask("change 2")).isEmpty();
      assertThat(List.of(watcher.line(), watcher.line()))
          .containsExactly("! changed 0", "! changed 1");
      assertThat(other.ask("say on")).containsExactly("on");
    }
    for (int i = 0; i < 2000 && echo.changes != null; i++) {
      Thread.sleep(5);
    }
    assertThat(echo.changes).as("nobody is left").isNull();
  }

  @Test
  void whoDoesNotReadIsToldHowManyChangesHeMissed() throws Exception {
    try (ControlClient watcher = new ControlClient(path);
        ControlClient other = new ControlClient(path)) {
      watcher.send("watch\n");
      assertThat(watcher.line()).isEqualTo("ok");
      assertThat(other.ask("change 100000")).isEmpty();
      int seen = 0;
      while (seen < 1000) {
        assertThat(watcher.line()).isEqualTo("! changed " + seen++);
      }
      // Others are served all the time, and what was lost is told with the next change.
      String line = "";
      while (!line.endsWith("were lost")) {
        other.ask("change 1");
        line = watcher.line();
      }
      assertThat(Integer.parseInt(line.split(" ", -1)[1])).isBetween(1, 100_000);
    }
  }

  /** The virtual machine has 64 MiB for all of them, and when those are gone the loop waits. */
  @Test
  void whatWaitsForHimIsKeptInOnePlace() throws Exception {
    try (ControlClient watcher = new ControlClient(path);
        ControlClient other = new ControlClient(path)) {
      watcher.send("watch\n");
      assertThat(watcher.line()).isEqualTo("ok");
      long before = directBuffers();
      assertThat(other.ask("change 100000")).isEmpty();
      assertThat(directBuffers() - before).isLessThan(50);
    }
  }

  /** How many there are, and were not cleared away since the last collection. */
  private static long directBuffers() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getCount)
        .sum();
  }

  /** The change that his own command causes is the first thing that cannot be told. */
  @Test
  void whoIsGoneBeforeHisCommandIsObeyedIsNoDefect() throws Exception {
    try (LogWatch log = new LogWatch();
        ControlClient other = new ControlClient(path)) {
      ControlClient client = new ControlClient(path);
      assertThat(client.ask("watch")).isEmpty();
      other.send("wait\n");
      echo.waits.acquire();
      client.send("change 1\nsay on\n");
      client.close();
      echo.go.release();
      assertThat(other.line()).isEqualTo("ok");
      for (int i = 0; i < 2000 && echo.changes != null; i++) {
        Thread.sleep(5);
      }
      assertThat(other.ask("say on")).containsExactly("on");
      assertThat(log.stackTraces()).isEmpty();
    }
  }

  @Test
  void aLineWithoutEndIsRefused() throws Exception {
    try (ControlClient client = new ControlClient(path)) {
      client.send("x".repeat(ControlSocket.LINE_BYTES + 1));
      assertThat(client.line()).isEqualTo("error: a line has 1024 bytes at most");
      assertThat(client.line()).isNull();
    }
  }

  @Test
  void oneClientTooManyIsRefusedAndTheOthersStay() throws Exception {
    List<ControlClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < ControlSocket.CLIENTS; i++) {
        clients.add(new ControlClient(path));
        assertThat(clients.get(i).ask("say on")).containsExactly("on");
      }
      try (ControlClient more = new ControlClient(path)) {
        assertThat(more.line()).startsWith("error: there are 16 clients already");
      }
      assertThat(clients.get(0).ask("say on")).containsExactly("on");
      clients.remove(0).close();
    } finally {
      for (ControlClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void aSocketThatSomebodyListensOnIsNotTaken() {
    Context context = NativeTransport.newLoop(vertx);
    assertThatThrownBy(() -> ControlSocket.listen(context, path, echo).await(20, TimeUnit.SECONDS))
        .hasMessageContaining("cannot listen on " + path);
  }
}
