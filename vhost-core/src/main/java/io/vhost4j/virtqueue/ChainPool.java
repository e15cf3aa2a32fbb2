package io.vhost4j.virtqueue;

import java.util.Arrays;

/**
 * The chains of one device queue: the first {@link #inFlight()} of the array, in no order, are with
 * the device, the others wait. Grows to the largest number ever in flight.
 */
final class ChainPool {
  private final DescriptorChain[] chains;
  private int made;
  private int inFlight;
  private int piecesInFlight;

  ChainPool(int size) {
    chains = new DescriptorChain[size];
  }

  int inFlight() {
    return inFlight;
  }

  /** Pieces of memory that the chains in flight have. */
  int piecesInFlight() {
    return piecesInFlight;
  }

  boolean isExhausted() {
    return inFlight == chains.length;
  }

  /** A chain that waits, and still does after this call. */
  DescriptorChain peek() {
    if (inFlight == made) {
      chains[made] = new DescriptorChain(); // may fail: counted afterwards
      made++;
    }
    return chains[inFlight];
  }

  /** Where {@link #peek()} is, to be told to the chain before {@link #take()}. */
  int nextIndex() {
    return inFlight;
  }

  /** The chain of {@link #peek()} is in flight now. */
  void take() {
    piecesInFlight += chains[inFlight].pieceCount();
    inFlight++;
  }

  boolean isInFlight(DescriptorChain chain) {
    int index = chain.index();
    return index < inFlight && chains[index] == chain;
  }

  /** Exchanges the chain with the last one in flight, which makes it the first that waits. */
  void release(DescriptorChain chain) {
    int index = chain.index();
    DescriptorChain last = chains[--inFlight];
    last.moveTo(index);
    chain.moveTo(inFlight);
    chains[index] = last;
    chains[inFlight] = chain;
    piecesInFlight -= chain.pieceCount();
    chain.giveBack();
  }

  /** The chains in flight, in no order. */
  DescriptorChain[] allInFlight() {
    return Arrays.copyOf(chains, inFlight);
  }

  /**
   * Takes all chains back, although somebody may still hold those in flight. Not only those counted
   * as such give their memory back: an error out of the blue (see {@code GuestMemory}) may have
   * come between two steps.
   */
  void abandonAll() {
    for (int i = 0; i < inFlight; i++) {
      chains[i].abandon();
    }
    inFlight = 0;
    piecesInFlight = 0;
    for (int i = 0; i < made; i++) {
      chains[i].giveBack();
    }
  }
}
