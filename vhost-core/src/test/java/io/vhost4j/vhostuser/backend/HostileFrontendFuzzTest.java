package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.ConfigSpace;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.vhostuser.protocol.VringState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Frontends that begin as a good one would and then go wrong at random: messages left out, said
 * twice, in another order, with bits turned over, other descriptors or plain noise, while rings are
 * scribbled on and memory is cut off. Whatever happens, a good frontend is served after it (E12).
 *
 * <p>{@code -Dvhost4j.fuzz.seed} repeats a run, {@code -Dvhost4j.fuzz.connections} makes it longer.
 */
class HostileFrontendFuzzTest {
  private static final int CONNECTIONS = Integer.getInteger("vhost4j.fuzz.connections", 400);
  private static final long SEED = Long.getLong("vhost4j.fuzz.seed", System.nanoTime());
  private static final int CHECK_EVERY = 50;
  private static final long PROTOCOL = Guest.PROTOCOL | ProtocolFeature.STATUS.mask();
  private static final int QUEUES = 2;

  @RegisterExtension final Backend backend = new Backend();

  /** A message to be sent, perhaps. */
  private record Message(int request, int flags, int size, ByteBuffer payload, List<OwnedFd> fds) {
    static Message of(FrontendMessage type, ByteBuffer payload, OwnedFd... fds) {
      int flags = MessageHeader.VERSION | MessageHeader.FLAG_NEED_REPLY;
      return new Message(type.id(), flags, payload.remaining(), payload, List.of(fds));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TestDevice.Manner.class,
      names = {"AT_ONCE", "WORKER"})
  void aGoodFrontendIsServedAfterAnyNumberOfBadOnes(TestDevice.Manner manner) throws Exception {
    Path path = backend.serve(new TestDevice("copy", QUEUES, manner));
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    backend.assertServes(path, QUEUES);
    System.out.println("HostileFrontendFuzzTest " + manner + ": -Dvhost4j.fuzz.seed=" + SEED);
    try (Guest neighbour = Guest.running(other, 1)) {
      neighbour.sync();
      backend.settle();
      Resources before = Resources.held();
      Random random = new Random(SEED);
      for (int i = 1; i <= CONNECTIONS; i++) {
        attack(path, random);
        if (i % CHECK_EVERY == 0) {
          backend.assertServes(path, QUEUES);
          neighbour.play(neighbour.queues.get(0));
          Await.eventually(Resources::held, held -> held.assertNoMoreThan(before));
        }
      }
    }
    assertThat(backend.logs().stackTraces()).as("seed %d", SEED).isEmpty();
  }

  private static void attack(Path path, Random random) throws Exception {
    List<OwnedFd> odd = oddDescriptors();
    try (Guest guest = new Guest(path)) {
      List<Message> messages = goodMessages(guest);
      for (int i = random.nextInt(6); i >= 0; i--) {
        spoil(messages, odd, random);
      }
      for (Message message : messages) {
        if (random.nextInt(40) == 0) {
          scribble(guest, random);
        }
        if (random.nextInt(1000) == 0) {
          MemoryCalls.truncate(guest.file.number(), random.nextInt(Guest.MEMORY_SIZE));
          return; // and not touch it again ourselves
        }
        guest.frontend.send(
            message.request,
            message.flags,
            message.size,
            message.payload.duplicate().order(message.payload.order()),
            message.fds.toArray(new OwnedFd[0]));
        if (random.nextInt(4) == 0) {
          guest.queues.get(random.nextInt(QUEUES)).kick.signal();
        }
      }
      if (random.nextInt(3) == 0) {
        guest.frontend.sendRaw(noise(random));
      }
      if (random.nextBoolean()) {
        Thread.sleep(1); // let it be obeyed, or vanish before it is
      }
    } catch (IOException e) {
      // it has hung up on us, rightly
    } finally {
      odd.forEach(OwnedFd::close);
    }
  }

  private static List<OwnedFd> oddDescriptors() throws IOException {
    return List.of(
        OddFiles.pipe(),
        OddFiles.socket(),
        OddFiles.nothing(),
        OddFiles.eventFd(),
        OddFiles.blockingEventFd(),
        OddFiles.memory(Guest.MEMORY_SIZE));
  }

  private static ByteBuffer noise(Random random) {
    byte[] bytes = new byte[1 + random.nextInt(200)];
    random.nextBytes(bytes);
    return Payload.allocate(bytes.length).put(bytes).flip();
  }

  /** All that a frontend says in an eventful life. */
  private static List<Message> goodMessages(Guest guest) {
    List<Message> all = new ArrayList<>();
    all.add(Message.of(FrontendMessage.GET_FEATURES, Payload.EMPTY));
    all.add(Message.of(FrontendMessage.GET_PROTOCOL_FEATURES, Payload.EMPTY));
    all.add(Message.of(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(PROTOCOL)));
    all.add(Message.of(FrontendMessage.GET_QUEUE_NUM, Payload.EMPTY));
    all.add(Message.of(FrontendMessage.SET_OWNER, Payload.EMPTY));
    all.add(Message.of(FrontendMessage.SET_FEATURES, Payload.u64(Guest.FEATURES)));
    ByteBuffer config = new ConfigSpace(0, 0, ByteBuffer.allocate(16)).encode();
    all.add(Message.of(FrontendMessage.GET_CONFIG, config));
    all.add(
        Message.of(
            FrontendMessage.SET_MEM_TABLE,
            MemoryTable.encode(List.of(Guest.region())),
            guest.file));
    for (int i = 0; i < QUEUES; i++) {
      addQueue(all, guest);
    }
    all.add(Message.of(FrontendMessage.SET_STATUS, Payload.u64(15)));
    all.add(Message.of(FrontendMessage.GET_STATUS, Payload.EMPTY));
    all.add(Message.of(FrontendMessage.SET_CONFIG, config));
    all.add(
        Message.of(
            FrontendMessage.SET_MEM_TABLE,
            MemoryTable.encode(List.of(Guest.region())),
            guest.file));
    ByteBuffer region = MemoryTable.encodeSingle(Guest.region());
    all.add(Message.of(FrontendMessage.REM_MEM_REG, region));
    all.add(Message.of(FrontendMessage.ADD_MEM_REG, region, guest.file));
    for (Guest.Queue queue : guest.queues) {
      all.add(Message.of(FrontendMessage.SET_VRING_ENABLE, Guest.state(queue, 0)));
      all.add(Message.of(FrontendMessage.GET_VRING_BASE, Guest.state(queue, 0)));
    }
    all.add(Message.of(FrontendMessage.SET_STATUS, Payload.u64(0)));
    all.add(Message.of(FrontendMessage.RESET_DEVICE, Payload.EMPTY));
    return all;
  }

  private static void addQueue(List<Message> all, Guest guest) {
    Guest.Queue queue = guest.addQueue(0);
    ByteBuffer file = new VringFile(queue.index, true).encode();
    for (int i = 0; i < 4; i++) {
      guest.submit(queue, "fuzz");
    }
    all.add(Message.of(FrontendMessage.SET_VRING_CALL, file, queue.call.fd()));
    all.add(Message.of(FrontendMessage.SET_VRING_ERR, file, queue.error.fd()));
    all.add(Message.of(FrontendMessage.SET_VRING_NUM, Guest.state(queue, queue.driver.size())));
    all.add(Message.of(FrontendMessage.SET_VRING_BASE, Guest.state(queue, 0)));
    all.add(Message.of(FrontendMessage.SET_VRING_ADDR, Guest.addresses(queue)));
    all.add(Message.of(FrontendMessage.SET_VRING_KICK, file, queue.kick.fd()));
    all.add(Message.of(FrontendMessage.SET_VRING_ENABLE, new VringState(queue.index, 1).encode()));
  }

  private static void spoil(List<Message> messages, List<OwnedFd> odd, Random random) {
    int at = random.nextInt(messages.size());
    Message message = messages.get(at);
    switch (random.nextInt(9)) {
      case 0 -> messages.remove(at);
      case 1 -> messages.add(random.nextInt(messages.size()), message);
      case 2 -> messages.set(at, messages.set(random.nextInt(messages.size()), message));
      case 3 -> messages.set(at, withTurnedBits(message, random));
      case 4 -> messages.set(at, with(message, message.flags ^ (1 << random.nextInt(6))));
      case 5 -> messages.set(at, withDescriptors(message, odd, random));
      case 6 ->
          messages.add(
              at,
              new Message(
                  random.nextInt(48), 1 + 8 * random.nextInt(2), 8, Payload.u64(0), List.of()));
      case 7 -> messages.set(at, withSize(message, random));
      default -> messages.subList(at, messages.size()).clear();
    }
    if (messages.isEmpty()) {
      messages.add(message);
    }
  }

  private static Message with(Message message, int flags) {
    return new Message(message.request, flags, message.size, message.payload, message.fds);
  }

  private static Message withTurnedBits(Message message, Random random) {
    int length = message.payload.remaining();
    ByteBuffer payload = Payload.allocate(length).put(message.payload.duplicate()).flip();
    for (int i = 0; i < 1 + random.nextInt(3) && length > 0; i++) {
      int position = random.nextInt(length);
      payload.put(position, (byte) (payload.get(position) ^ (1 << random.nextInt(8))));
    }
    return new Message(message.request, message.flags, message.size, payload, message.fds);
  }

  private static Message withSize(Message message, Random random) {
    int size = random.nextBoolean() ? random.nextInt(100) : random.nextInt();
    boolean honest = random.nextBoolean() && size >= 0 && size < 5000;
    ByteBuffer payload = honest ? Payload.allocate(size) : message.payload;
    return new Message(message.request, message.flags, size, payload, message.fds);
  }

  private static Message withDescriptors(Message message, List<OwnedFd> odd, Random random) {
    List<OwnedFd> fds = new ArrayList<>(message.fds);
    if (!fds.isEmpty() && random.nextBoolean()) {
      fds.set(0, odd.get(random.nextInt(odd.size())));
    } else {
      for (int i = random.nextInt(5); i > 0; i--) {
        fds.add(odd.get(random.nextInt(odd.size())));
      }
    }
    return new Message(
        message.request, message.flags, message.size, message.payload, List.copyOf(fds));
  }

  /** Turns over a few bytes of a ring, and claims that there is something new in it. */
  private static void scribble(Guest guest, Random random) {
    Guest.Queue queue = guest.queues.get(random.nextInt(QUEUES));
    for (int i = random.nextInt(20); i >= 0; i--) {
      byte[] bytes = new byte[1 + random.nextInt(8)];
      random.nextBytes(bytes);
      long offset = (long) Guest.RING_BYTES * queue.index + random.nextInt(600);
      guest.memory.write(Guest.BASE + offset, ByteBuffer.wrap(bytes));
    }
    new RawRing(guest, queue).index(random.nextInt(8) + queue.driver.startIndex());
    queue.kick.signal();
  }
}
