package io.vhost4j.vhostuser.protocol;

import java.nio.ByteBuffer;

/** The shapes of a payload, with the sizes that each may have. */
public enum PayloadKind {
  /** No payload. */
  NONE(0),
  /** One 64-bit number. */
  U64(8),
  /** {@link VringState}. */
  VRING_STATE(VringState.SIZE),
  /** {@link VringAddress}. */
  VRING_ADDRESS(VringAddress.SIZE),
  /** A ring index and whether a descriptor comes along: {@link VringFile}. */
  VRING_FILE(8),
  /** A count and that many regions: {@link MemoryTable}. */
  MEMORY_TABLE(MemoryTable.HEADER_SIZE) {
    @Override
    public boolean fits(ByteBuffer payload) {
      return MemoryTable.fits(payload);
    }
  },
  /** One region: {@link MemoryTable#readSingle}. */
  SINGLE_REGION(MemoryTable.SINGLE_SIZE),
  /** Size and offset of the dirty log. */
  LOG(16),
  /** A message of the IOMMU. */
  IOTLB(32),
  /** {@link ConfigSpace}: a range and its bytes. */
  CONFIG(ConfigSpace.HEADER_SIZE) {
    @Override
    public boolean fits(ByteBuffer payload) {
      return payload.remaining() >= ConfigSpace.HEADER_SIZE
          && payload.remaining() - ConfigSpace.HEADER_SIZE == ConfigSpace.size(payload);
    }
  },
  /** A part of a file that a ring is mapped to. */
  VRING_AREA(24),
  /** The region of in-flight descriptors; 24 bytes with its padding. */
  INFLIGHT(24),
  /** A session of the crypto device, whose layout we leave alone. */
  CRYPTO_SESSION(0) {
    @Override
    public boolean fits(ByteBuffer payload) {
      return true;
    }
  },
  /** A UUID, or nothing, as QEMU sends GET_SHARED_OBJECT. */
  UUID(16) {
    @Override
    public boolean fits(ByteBuffer payload) {
      return payload.remaining() == 16 || payload.remaining() == 0;
    }
  },
  /** Direction and phase of a device state transfer. */
  TRANSFER(8),
  /** A mapping in a shared memory region. */
  SHMEM_MAP(40),
  /** The sizes of all shared memory regions. */
  SHMEM_CONFIG(2056);

  private final int size;

  PayloadKind(int size) {
    this.size = size;
  }

  /** Size in bytes; of those that vary, the smallest. */
  public int size() {
    return size;
  }

  /** Whether the payload, from position to limit, has a size that this kind may have. */
  public boolean fits(ByteBuffer payload) {
    return payload.remaining() == size;
  }
}
