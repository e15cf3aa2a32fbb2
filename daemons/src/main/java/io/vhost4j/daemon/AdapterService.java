package io.vhost4j.daemon;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.loopback.LoopbackCard;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The cards of one process. */
final class AdapterService extends ProgramService {
  private static final Logger log = LoggerFactory.getLogger(AdapterService.class);

  private static final long STOP_MILLIS = 10_000;

  private final AdapterOptions options;

  /** Closed as all else is. */
  private record KeptCard(LoopbackCard card) implements AutoCloseable {
    @Override
    public void close() {
      card.close().await();
    }

    @Override
    public String toString() {
      return card.toString();
    }
  }

  AdapterService(AdapterOptions options) {
    this.options = options;
  }

  /** A driver that waits for buffers of its disk has time to write back what it has. */
  @Override
  long stopMillis() {
    return STOP_MILLIS;
  }

  @Override
  Future<Void> start() throws StartException {
    int count = options.cards().size();
    ownDevices().forEach(ProgramService::warn);
    Vertx vertx = createVertx(count, count);
    List<LoopbackCard> cards = new ArrayList<>();
    for (CardSetup setup : options.cards()) {
      LoopbackCard card = open(vertx, setup);
      keep(new KeptCard(card));
      cards.add(card);
    }
    List<Future<Void>> started = new ArrayList<>();
    for (LoopbackCard card : cards) {
      Future<Void> start = card.start(options.waits());
      started.add(start);
      // Drivers that probe at the same time overtake each other, and with them the names of sound
      // cards and disks.
      card.settled().await();
      if (start.failed()) {
        break;
      }
    }
    try {
      // With the first that fails: others may wait for ever.
      Future.all(started).await();
    } catch (Exception e) {
      // await() throws what the card has failed with, of whatever class.
      throw new StartException(e);
    }
    return Promise.<Void>promise().future(); // a card is there until it is taken away
  }

  /** What the devices of this process are given, by their kinds. */
  private Map<VirtioDeviceProvider, List<DeviceOptions>> ownDevices() {
    Map<VirtioDeviceProvider, List<DeviceOptions>> own = new LinkedHashMap<>();
    for (CardSetup card : options.cards()) {
      if (card instanceof CardSetup.Here here) {
        own.computeIfAbsent(here.provider(), kind -> new ArrayList<>()).add(here.options());
      }
    }
    return own;
  }

  private LoopbackCard open(Vertx vertx, CardSetup setup) throws StartException {
    if (setup instanceof CardSetup.Behind behind) {
      return LoopbackCard.ofDaemon(
          vertx,
          options.side(),
          behind.node(),
          behind.socket(),
          behind.kind(),
          behind.queues(),
          behind.queueSize());
    }
    CardSetup.Here here = (CardSetup.Here) setup;
    OpenDevice opened;
    try {
      opened = here.provider().open(here.options());
    } catch (DeviceException e) {
      throw new StartException(e);
    }
    log.info("{}: {}", here.options().name(), opened.description());
    return LoopbackCard.ofDevice(
        vertx, options.side(), here.node(), opened.device(), here.polling(), here.queueSize());
  }
}
