package io.vhost4j.virtqueue;

/**
 * Where the three parts of a split ring are, in the frontend's own address space as SET_VRING_ADDR
 * gives them (C22).
 *
 * @param descriptorTable aligned to 16
 * @param availRing aligned to 2
 * @param usedRing aligned to 4
 */
public record VringAddresses(long descriptorTable, long availRing, long usedRing) {}
