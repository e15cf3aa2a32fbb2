package io.vhost4j.loopback;

/** The place of a card, as who serves it uses it. Event loop only. */
interface CardSlot {
  /** The node; the card is attached between {@link CardServer#attached} and its end. */
  CardNode node();

  /** What the kernel's side can do, of all feature bits. */
  long possibleFeatures();

  /**
   * Who serves the card cannot go on: it is taken away, and comes again when it can.
   *
   * @param reason what happened, for the log
   */
  void lost(String reason);
}
