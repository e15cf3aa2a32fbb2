package io.vhost4j.vhostuser.frontend;

import io.vertx.core.Future;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The memory that the backend sees: as a whole table or slot by slot. Event loop only. */
final class SharedMemory {
  private final RequestQueue requests;
  private @Nullable FrontendMemory shown;

  SharedMemory(RequestQueue requests) {
    this.requests = requests;
  }

  /**
   * Shows other memory, and withdraws what was shown before.
   *
   * @param bySlot whether CONFIGURE_MEM_SLOTS is in use
   */
  Future<?> show(FrontendMemory next, boolean bySlot) {
    FrontendMemory last = shown;
    if (last == next) {
      return Future.succeededFuture();
    }
    shown = next;
    try {
      return (bySlot ? exchangeSlots(last, next) : sendTable(next))
          .onFailure(failure -> shown = null);
    } catch (IOException e) {
      shown = null;
      return Future.failedFuture(e);
    }
  }

  private Future<?> exchangeSlots(@Nullable FrontendMemory last, FrontendMemory next)
      throws IOException {
    List<Future<?>> steps = new ArrayList<>();
    for (MemoryRegion region : last == null ? List.<MemoryRegion>of() : last.regions()) {
      steps.add(requests.send(FrontendMessage.REM_MEM_REG, MemoryTable.encodeSingle(region)));
    }
    for (int i = 0; i < next.regions().size(); i++) {
      try (OwnedFd file = next.file(i)) {
        steps.add(
            requests.send(
                FrontendMessage.ADD_MEM_REG,
                MemoryTable.encodeSingle(next.regions().get(i)),
                List.of(file)));
      }
    }
    return Future.all(steps);
  }

  private Future<?> sendTable(FrontendMemory next) throws IOException {
    List<OwnedFd> files = new ArrayList<>();
    try {
      for (int i = 0; i < next.regions().size(); i++) {
        files.add(next.file(i));
      }
      return requests.send(
          FrontendMessage.SET_MEM_TABLE, MemoryTable.encode(next.regions()), files);
    } finally {
      files.forEach(OwnedFd::close);
    }
  }
}
