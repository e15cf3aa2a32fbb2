package io.vhost4j.testkit;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device as an author might write it, with at most one mistake. A request is a le32 code, a le32
 * length and so many bytes; the reply is a byte of status, and the bytes after code 1. Code 2 sets
 * a mode, in which code 1 is refused.
 */
final class FlawedDevice implements VirtioDevice, QueueHandler {
  static final int ECHO = 1;
  static final int REFUSE = 2;
  private static final int HEADER_BYTES = 8;

  /** Or they would be closed with the garbage. */
  private static final List<FileInputStream> FILES = new CopyOnWriteArrayList<>();

  private static final Logger LOG = LoggerFactory.getLogger(FlawedDevice.class);

  /** What is wrong, the attack that finds it, and some words of what that says. */
  enum Flaw {
    NO_CHECK_OF_THE_REQUESTS_LENGTH("requestsOfEveryLength", "the device failed"),
    NO_CHECK_OF_THE_ROOM("requestsOfEveryLength", "the device failed"),
    NO_CHECK_OF_A_LENGTH_INSIDE("extremeNumbersInEachPlaceOfARequest", "the device failed"),
    EXCEPTION_AT_AN_UNKNOWN_CODE("randomBytesAsRequests", "the device failed"),
    SHORT_REQUESTS_ARE_NEVER_RETURNED("requestsOfEveryLength", "has not returned"),
    BUFFERS_IN_TRUNCATED_MEMORY_ARE_FORGOTTEN("memoryTruncatedUnderARequest", "not returned"),
    EXCEPTION_AT_A_WRITE_OF_THE_CONFIGURATION(
        "configurationWrittenAtEachPlace", "IndexOutOfBounds"),
    STATE_SURVIVES_A_RESET("resetsWithRequestsUnderWay", "refused"),
    EACH_REQUEST_IS_KEPT("aFloodOfRequestsLeavesNoMemoryBehind", "bytes behind"),
    EACH_WRONG_REQUEST_IS_LOGGED("randomBytesAsRequests", "fill the log"),
    A_FILE_FOR_EACH_FRONTEND("frontendsThatVanishAtEachStep", "descriptors of"),
    A_THREAD_FOR_EACH_FRONTEND("leavesNoThread", "threads that have not ended");

    final String attack;
    final String words;

    Flaw(String attack, String words) {
      this.attack = attack;
      this.words = words;
    }
  }

  private final @Nullable Flaw flaw;
  private final DeviceConfig config = new DeviceConfig(8).writable(4, 4, this::configured);
  private final List<Object> kept = new ArrayList<>();
  private boolean refuses;

  FlawedDevice(@Nullable Flaw flaw) {
    this.flaw = flaw;
  }

  @Override
  public int deviceType() {
    return 62;
  }

  @Override
  public String name() {
    return "flawed";
  }

  @Override
  public int queueCount() {
    return 2;
  }

  @Override
  public long features() {
    return 3;
  }

  @Override
  public DeviceConfig config() {
    return config;
  }

  private void configured() {
    if (flaw == Flaw.EXCEPTION_AT_A_WRITE_OF_THE_CONFIGURATION) {
      int unused = config.bytes().getInt(8);
    }
  }

  @Override
  public QueueHandler queue(int index) {
    return this;
  }

  @Override
  public void connected(DeviceContext context) {
    if (flaw == Flaw.A_FILE_FOR_EACH_FRONTEND) {
      try {
        FILES.add(new FileInputStream("/etc/passwd"));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    } else if (flaw == Flaw.A_THREAD_FOR_EACH_FRONTEND) {
      Thread thread = new Thread(Attend::forMinutes, "flawed-attendant");
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Waits for something that never comes. */
  private static final class Attend {
    static void forMinutes() {
      try {
        Thread.sleep(100_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public Future<Void> reset() {
    refuses &= flaw == Flaw.STATE_SURVIVES_A_RESET;
    return Future.succeededFuture();
  }

  @Override
  public void available(DeviceQueue queue) throws VirtqueueException {
    for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
      answer(queue, chain);
    }
  }

  private void answer(DeviceQueue queue, DescriptorChain chain) {
    boolean isShort = chain.reader().size() < HEADER_BYTES;
    if (isShort && flaw == Flaw.SHORT_REQUESTS_ARE_NEVER_RETURNED) {
      return;
    }
    if (flaw == Flaw.BUFFERS_IN_TRUNCATED_MEMORY_ARE_FORGOTTEN && !isShort) {
      Context context = Objects.requireNonNull(Vertx.currentContext());
      context.runOnContext(
          later -> {
            int written = chain.writer().size() < 1 ? 0 : obey(chain);
            chain.deliverFaults(); // and not in a finally
            queue.complete(chain, written);
            queue.flush();
          });
      return;
    }
    int written = 0;
    try {
      boolean wrong =
          (isShort && flaw != Flaw.NO_CHECK_OF_THE_REQUESTS_LENGTH)
              || (chain.writer().size() < 1 && flaw != Flaw.NO_CHECK_OF_THE_ROOM);
      written = wrong ? 0 : obey(chain);
      chain.deliverFaults();
    } finally {
      queue.complete(chain, written);
    }
  }

  private int obey(DescriptorChain chain) {
    if (flaw == Flaw.EACH_REQUEST_IS_KEPT) {
      kept.add(new byte[2000]); // far more than what else comes and goes in the heap
    }
    int code = chain.reader().readInt();
    int length = chain.reader().readInt();
    if (code == REFUSE) {
      refuses = true;
    } else if (code != ECHO) {
      if (flaw == Flaw.EXCEPTION_AT_AN_UNKNOWN_CODE) {
        throw new IllegalArgumentException("code " + code);
      } else if (flaw == Flaw.EACH_WRONG_REQUEST_IS_LOGGED) {
        LOG.warn("there is no code {}", code);
      }
    }
    boolean fits = length >= 0 && length <= chain.reader().remaining();
    if (flaw == Flaw.NO_CHECK_OF_A_LENGTH_INSIDE) {
      fits = true;
    }
    boolean echoes = code == ECHO && fits && !refuses && length < chain.writer().size();
    chain.writer().writeByte((byte) (echoes ? 0 : 1));
    if (!echoes) {
      return 1;
    }
    ByteBuffer bytes = ByteBuffer.allocate(Math.min(length, 4096));
    Objects.checkFromIndexSize(0, bytes.capacity(), (int) chain.reader().remaining());
    chain.reader().read(bytes);
    chain.writer().write(bytes.flip());
    return 1 + bytes.limit();
  }

  @Override
  public Future<Void> close() {
    kept.clear();
    return Future.succeededFuture();
  }
}
