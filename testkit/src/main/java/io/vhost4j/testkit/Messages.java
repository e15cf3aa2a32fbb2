package io.vhost4j.testkit;

import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.testkit.HostileSuite.Sample;
import io.vhost4j.vhostuser.protocol.ConfigSpace;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import io.vhost4j.vhostuser.protocol.VringAddress;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.vhostuser.protocol.VringState;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Attacks by vhost-user messages: a life with an early end, or with nonsense in it. */
final class Messages {
  private static final long PROTOCOL =
      ProtocolFeature.mask(
          ProtocolFeature.MQ,
          ProtocolFeature.REPLY_ACK,
          ProtocolFeature.CONFIG,
          ProtocolFeature.RESET_DEVICE,
          ProtocolFeature.STATUS);

  private static final int STATUS_DRIVER_OK = 1 | 2 | 4 | 8;
  private static final int GARBAGE = 60;

  /** A message; what its header says of it may be wrong. */
  private record Message(int request, int flags, int size, ByteBuffer payload, List<OwnedFd> fds) {
    static Message of(FrontendMessage type, ByteBuffer payload, OwnedFd... fds) {
      return new Message(
          type.id(), MessageHeader.VERSION, payload.remaining(), payload, List.of(fds));
    }

    void send(RawFrontend frontend) throws IOException {
      frontend.send(request, flags, size, payload, fds.toArray(new OwnedFd[0]));
    }
  }

  private Messages() {}

  /**
   * All that a frontend says, with requests in the rings when they start: none of it is refused.
   */
  private static List<Message> life(Battle battle) {
    SocketGuest guest = battle.socketGuest();
    List<Message> all = new ArrayList<>();
    all.add(Message.of(FrontendMessage.GET_FEATURES, Payload.EMPTY));
    all.add(Message.of(FrontendMessage.GET_PROTOCOL_FEATURES, Payload.EMPTY));
    long protocol = PROTOCOL & guest.offeredProtocol();
    boolean hasConfig = (protocol & ProtocolFeature.CONFIG.mask()) != 0;
    all.add(Message.of(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(protocol)));
    all.add(Message.of(FrontendMessage.SET_OWNER, Payload.EMPTY));
    all.add(
        Message.of(
            FrontendMessage.SET_FEATURES,
            Payload.u64(guest.features() | VhostFeature.PROTOCOL_FEATURES)));
    ByteBuffer config = new ConfigSpace(0, 0, ByteBuffer.allocate(4)).encode();
    if (hasConfig) {
      all.add(Message.of(FrontendMessage.GET_CONFIG, config));
    }
    all.add(
        Message.of(FrontendMessage.SET_MEM_TABLE, MemoryTable.encode(guest.regions), guest.file));
    battle.setUp();
    for (Sample sample : battle.samples()) {
      if (sample.readable().length + sample.writableBytes() > 0
          && battle.queue(sample.queue()).canTake()) {
        int unused =
            battle
                .queue(sample.queue())
                .add(sample.readable(), sample.writableBytes(), Integer.MAX_VALUE);
      }
    }
    for (int i = 0; i < battle.queueCount(); i++) {
      addQueue(all, guest, i, battle.queue(i));
    }
    all.add(Message.of(FrontendMessage.SET_STATUS, Payload.u64(STATUS_DRIVER_OK)));
    if (hasConfig) {
      all.add(Message.of(FrontendMessage.SET_CONFIG, config));
    }
    for (int i = 0; i < battle.queueCount(); i++) {
      all.add(Message.of(FrontendMessage.SET_VRING_ENABLE, new VringState(i, 0).encode()));
      all.add(Message.of(FrontendMessage.GET_VRING_BASE, new VringState(i, 0).encode()));
    }
    all.add(Message.of(FrontendMessage.SET_STATUS, Payload.u64(0)));
    all.add(Message.of(FrontendMessage.RESET_DEVICE, Payload.EMPTY));
    return all;
  }

  private static void addQueue(List<Message> all, SocketGuest guest, int index, GuestQueue queue) {
    SocketGuest.Ring ring = guest.ring(index);
    ring.kick.signal();
    ByteBuffer file = new VringFile(index, true).encode();
    VringAddresses at = queue.addresses();
    all.add(Message.of(FrontendMessage.SET_VRING_CALL, file, ring.call.fd()));
    all.add(Message.of(FrontendMessage.SET_VRING_ERR, file, ring.error.fd()));
    all.add(
        Message.of(FrontendMessage.SET_VRING_NUM, new VringState(index, queue.size()).encode()));
    all.add(Message.of(FrontendMessage.SET_VRING_BASE, new VringState(index, 0).encode()));
    all.add(
        Message.of(
            FrontendMessage.SET_VRING_ADDR,
            new VringAddress(index, 0, at.descriptorTable(), at.usedRing(), at.availRing(), 0)
                .encode()));
    all.add(Message.of(FrontendMessage.SET_VRING_KICK, file, ring.kick.fd()));
    all.add(Message.of(FrontendMessage.SET_VRING_ENABLE, new VringState(index, 1).encode()));
  }

  static void vanish(Battle battle) throws Exception {
    Guest.await(battle.guest().disconnect());
    int count = life(battle).size();
    for (int last = 0; last <= count; last++) {
      try (RawFrontend frontend = new RawFrontend(battle.path())) {
        if (last > 0) {
          // Answered when the former session has ended, which shared the memory of the rings.
          long unused = frontend.askU64(FrontendMessage.GET_FEATURES);
        }
        for (Message message : life(battle).subList(0, last)) {
          message.send(frontend);
        }
        if (last % 2 == 0 && last > 0) { // once some is obeyed, or as soon as it is said
          RawFrontend.Reply unused = frontend.receive();
        }
        if (last == count) {
          requireObeyed(frontend);
        }
      }
      battle.requireNeighbourServed();
    }
    battle.guest().connect();
    battle.begin();
  }

  /** A backend that refuses something of what was said hangs up before it answers this. */
  private static void requireObeyed(RawFrontend frontend) throws IOException {
    frontend.tell(FrontendMessage.GET_QUEUE_NUM, Payload.EMPTY);
    RawFrontend.Reply reply;
    do {
      reply = frontend.receive();
    } while (reply.header().request() != FrontendMessage.GET_QUEUE_NUM.id());
  }

  static void garbage(Battle battle) throws Exception {
    Guest.await(battle.guest().disconnect());
    for (int k = 0; k < GARBAGE; k++) {
      List<Message> messages = life(battle);
      for (int i = battle.random.nextInt(4); i >= 0; i--) {
        spoil(messages, battle.random);
      }
      try (RawFrontend frontend = new RawFrontend(battle.path())) {
        for (Message message : messages) {
          message.send(frontend);
        }
      } catch (IOException e) {
        // The backend has hung up, rightly.
      }
      battle.requireNeighbourServed();
    }
    battle.guest().connect();
    battle.begin();
  }

  private static void spoil(List<Message> messages, Random random) {
    int at = random.nextInt(messages.size());
    Message message = messages.get(at);
    switch (random.nextInt(6)) {
      case 0 -> messages.remove(at);
      case 1 -> messages.add(random.nextInt(messages.size()), message);
      case 2 -> messages.set(at, messages.set(random.nextInt(messages.size()), message));
      case 3 -> messages.set(at, withTurnedBits(message, random));
      case 4 ->
          messages.set(
              at,
              new Message(
                  message.request,
                  message.flags,
                  random.nextInt(100),
                  message.payload,
                  message.fds));
      default ->
          messages.add(
              at,
              new Message(random.nextInt(48), MessageHeader.VERSION, 8, Payload.u64(0), List.of()));
    }
    if (messages.isEmpty()) {
      messages.add(message);
    }
  }

  private static Message withTurnedBits(Message message, Random random) {
    int length = message.payload.remaining();
    ByteBuffer payload = Payload.allocate(length);
    payload.put(0, message.payload, message.payload.position(), length);
    for (int i = 0; i < 1 + random.nextInt(3) && length > 0; i++) {
      int position = random.nextInt(length);
      payload.put(position, (byte) (payload.get(position) ^ (1 << random.nextInt(8))));
    }
    return new Message(message.request, message.flags, message.size, payload, message.fds);
  }
}
