package io.vhost4j.daemon;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.loopback.LoopbackCard;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The cards of one process. */
final class AdapterService extends ProgramService {
  private static final Logger log = LoggerFactory.getLogger(AdapterService.class);

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

  @Override
  Future<Void> start() throws StartException {
    int count = options.cards().size();
    Vertx vertx = createVertx(count, count);
    List<Future<Void>> started = new ArrayList<>();
    for (CardSetup setup : options.cards()) {
      LoopbackCard card = open(vertx, setup);
      keep(new KeptCard(card));
      started.add(card.start(options.waits()));
    }
    for (Future<Void> card : started) {
      try {
        card.await();
      } catch (Exception e) {
        // await() throws what the card has failed with, of whatever class.
        throw new StartException(e);
      }
    }
    return Promise.<Void>promise().future(); // a card is there until it is taken away
  }

  private static LoopbackCard open(Vertx vertx, CardSetup setup) throws StartException {
    if (setup instanceof CardSetup.Behind behind) {
      return LoopbackCard.ofDaemon(
          vertx,
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
        vertx, here.node(), opened.device(), here.polling(), here.queueSize());
  }
}
