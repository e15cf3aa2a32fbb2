package io.vhost4j.loopback;

import io.vertx.core.Context;
import io.vertx.core.Future;
import java.nio.ByteBuffer;

/**
 * Who serves a card, one after the other on the same node. Everything is called on the event loop
 * of {@link #context()}; a future that fails says why in one line.
 */
interface CardServer {
  /** The context of the card. */
  Context context();

  /** The virtio device type of the card. */
  int deviceType();

  /** The kernel module that drives the card. */
  String driver();

  /** For people: what serves the card. */
  String name();

  /**
   * A card is to come: whoever serves it is called.
   *
   * @return what to offer to the driver; fails with a {@link LoopbackException} if there is nobody
   */
  Future<CardOffer> begin(CardSlot slot);

  /** The card is there, and its memory. */
  void attached() throws LoopbackException;

  /**
   * A driver has taken these features.
   *
   * @return fails if it cannot be served with them
   */
  Future<Void> negotiated(long features);

  /**
   * The driver has set up the queues.
   *
   * @return completes when they are served
   */
  Future<Void> start();

  /**
   * The driver has reset the device, or is gone.
   *
   * @return completes when nobody touches the rings any more; never fails
   */
  Future<Void> reset();

  /** The driver writes into configuration space. */
  Future<Void> writeConfig(int offset, ByteBuffer bytes);

  /**
   * The card has gone, or did not come.
   *
   * @return completes when nothing of it is in use any more; never fails
   */
  Future<Void> end();

  /**
   * Closes what is there for all cards.
   *
   * @return completes when it is done
   */
  Future<Void> close();
}
