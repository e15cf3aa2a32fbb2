package io.vhost4j.daemon;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.engine.Polling;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.loopback.KernelSide;
import io.vhost4j.loopback.LoopbackCard;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A program that has cards come and go at {@code /dev/loopback-0}: for each line on stdin, so many.
 * After each it says on stdout what it holds. One process for all of them.
 */
final class LoopbackCycles {
  private static final Path SOURCES = Path.of("/sys/class/misc/hw_random/rng_available");
  private static final int SECONDS = 60;

  private LoopbackCycles() {}

  public static void main(String[] args) throws Exception {
    Vertx vertx =
        NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1));
    VirtioDeviceProvider provider = DeviceProviders.named("rng");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      for (int i = Integer.parseInt(line); i > 0; i--) {
        LoopbackCard card =
            LoopbackCard.ofDevice(
                vertx,
                KernelSide.LOOPBACK,
                0,
                provider.open(new DeviceOptions("card", Map.of())).device(),
                Polling.never(),
                64);
        card.start(false).await();
        awaitDriver(true);
        card.close().await();
        awaitDriver(false);
      }
      System.out.println(held());
    }
    vertx.close().await();
  }

  private static void awaitDriver(boolean there) throws Exception {
    long end = System.nanoTime() + SECONDS * 1_000_000_000L;
    while (Files.readString(SOURCES).contains("virtio") != there) {
      if (System.nanoTime() > end) {
        throw new AssertionError("the driver is " + (there ? "not there" : "still there"));
      }
      Thread.sleep(2);
    }
  }

  /** What is held once all that ends later has ended. */
  private static String held() throws Exception {
    ProcessResources last = ProcessResources.of(ProcessHandle.current().pid());
    for (int same = 0; same < 4; ) {
      Thread.sleep(50);
      ProcessResources now = ProcessResources.of(ProcessHandle.current().pid());
      same = now.equals(last) ? same + 1 : 0;
      last = now;
    }
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return "%d descriptors, %d mappings of cards, %d threads, %d KiB of heap"
        .formatted(
            last.descriptors(),
            last.guestMappings(),
            last.threads(),
            (runtime.totalMemory() - runtime.freeMemory()) >> 10);
  }
}
