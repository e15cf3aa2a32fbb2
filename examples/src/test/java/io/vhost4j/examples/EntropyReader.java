package io.vhost4j.examples;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.frontend.FrontendMemory;
import io.vhost4j.vhostuser.frontend.FrontendOptions;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.vhostuser.frontend.QueueSetup;
import io.vhost4j.vhostuser.frontend.VhostUserFrontend;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A guest with the least of an entropy driver. */
final class EntropyReader {
  private EntropyReader() {}

  /** Connects, reads one full buffer and leaves. */
  static byte[] read(Vertx vertx, Path socket, int bytes) throws Exception {
    Context context = NativeTransport.newLoop(vertx);
    byte[] received = new byte[bytes];
    try (FrontendMemory memory = FrontendMemory.create(1 << 20)) {
      VhostUserFrontend frontend =
          await(VhostUserFrontend.connect(context, socket, FrontendOptions.DEFAULT));
      FrontendQueue queue =
          await(frontend.start(VirtioFeature.VERSION_1, memory, QueueSetup.of(4))).get(0);
      long address = memory.allocate(bytes, 64);
      Promise<Long> length = Promise.promise();
      context.runOnContext(
          v -> {
            try {
              queue.onUsed((head, written) -> length.complete(written));
              queue.driver().add(new long[] {address}, new int[] {bytes}, 0, 1);
              queue.publish();
            } catch (Exception e) {
              length.fail(e);
            }
          });
      long written = await(length.future());
      if (written != bytes) {
        throw new AssertionError("asked for " + bytes + " bytes, and were given " + written);
      }
      Objects.requireNonNull(memory.memory().slice(address, bytes)).get(received);
      await(frontend.close());
    }
    return received;
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
