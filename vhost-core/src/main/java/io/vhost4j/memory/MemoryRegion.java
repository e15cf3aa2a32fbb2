package io.vhost4j.memory;

/**
 * One region of guest memory as the frontend describes it.
 *
 * <p>Byte {@code i} of the region is byte {@code mmapOffset + i} of the file that came with it.
 *
 * @param guestAddress guest physical address of the first byte
 * @param size length in bytes, above 0
 * @param userAddress address of the first byte in the frontend's own address space; ring addresses
 *     are given in this space (C22)
 * @param mmapOffset offset in bytes of the first byte in the region's file
 */
public record MemoryRegion(long guestAddress, long size, long userAddress, long mmapOffset) {}
