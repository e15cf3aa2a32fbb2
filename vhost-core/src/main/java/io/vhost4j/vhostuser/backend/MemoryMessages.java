package io.vhost4j.vhostuser.backend;

import static io.vhost4j.vhostuser.backend.Operation.DONE;
import static io.vhost4j.vhostuser.backend.Operation.answer;

import io.vertx.core.Future;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** The messages that describe guest memory (C20, C24). */
final class MemoryMessages {
  /** Regions that a frontend may have at a time, as many as libvhost-user allows (C25). */
  private static final int MAX_SLOTS = 509;

  private final BackendSession session;

  MemoryMessages(BackendSession session) {
    this.session = session;
  }

  void register(Map<FrontendMessage, Operation> operations) {
    operations.put(FrontendMessage.SET_MEM_TABLE, this::setTable);
    operations.put(FrontendMessage.GET_MAX_MEM_SLOTS, request -> answer(MAX_SLOTS));
    operations.put(FrontendMessage.ADD_MEM_REG, this::addRegion);
    operations.put(FrontendMessage.REM_MEM_REG, this::removeRegion);
  }

  private Future<ByteBuffer> setTable(Request request) throws RefusedException {
    List<MemoryRegion> regions = MemoryTable.read(request.payload());
    List<OwnedFd> files = request.fds().takeAll();
    try {
      int[] fds = files.stream().mapToInt(OwnedFd::number).toArray();
      session.device().memory(made(() -> GuestMemory.map(regions, fds)));
      return DONE;
    } finally {
      files.forEach(OwnedFd::close);
    }
  }

  private Future<ByteBuffer> addRegion(Request request) throws RefusedException {
    MemoryRegion region = MemoryTable.readSingle(request.payload());
    if (session.device().memory().regions().size() >= MAX_SLOTS) {
      // E9
      throw new RefusedException("more than " + MAX_SLOTS + " memory regions");
    }
    try (OwnedFd file = request.fds().take(0)) {
      return change(() -> session.device().memory().with(region, file.number()));
    }
  }

  private Future<ByteBuffer> removeRegion(Request request) throws RefusedException {
    MemoryRegion region = MemoryTable.readSingle(request.payload());
    return change(() -> session.device().memory().without(region));
  }

  private interface NewTable {
    GuestMemory make() throws GuestMemoryException;
  }

  private Future<ByteBuffer> change(NewTable table) throws RefusedException {
    session.device().changedMemory(made(table));
    return DONE;
  }

  private static GuestMemory made(NewTable table) throws RefusedException {
    try {
      return table.make();
    } catch (GuestMemoryException e) {
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
  }
}
