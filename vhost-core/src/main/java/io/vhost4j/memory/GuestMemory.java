package io.vhost4j.memory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a guest: an immutable table of mapped regions, sorted by guest address.
 *
 * <p><b>Life.</b> A table starts with one user, its creator. Whoever keeps it longer than a call
 * {@linkplain #retain() retains} it; the last {@link #release()} unmaps the regions that no other
 * table shares. A virtqueue retains the table it is bound to and every chain in flight the one it
 * was resolved against, so a table may be replaced during I/O (C26). Touching a view after the last
 * release ends the process; lookups find nothing any more.
 *
 * <p><b>Threads.</b> Creation, {@code with}, {@code without}, retain and release of a table and its
 * successors belong to one thread at a time, the device's event loop; the counts are not atomic.
 * Lookups and views may be used by any thread that got the table safely.
 *
 * <p><b>Addresses</b> are unsigned 64-bit numbers. One that lies outside the table is an answer
 * (-1, null or false), never an exception.
 *
 * <p><b>Truncation.</b> When the owner of a memory file truncates it, an access beyond its new end
 * is an {@link InternalError} and the end of this guest, but of nothing else. The access itself may
 * seem to succeed, and the error may come late, in unrelated code of the same thread: so whoever
 * touches guest memory calls {@link #deliverFaults()} before it leaves the block that catches the
 * error.
 */
public final class GuestMemory {
  private static final ByteBuffer UNMAPPED = ByteBuffer.allocateDirect(0);

  private final List<MappedRegion> regions;

  /*
   * The views of all regions, by guest address. View i answers for spans[i] bytes from starts[i] on
   * and is contiguous beyond that, as far as its capacity goes.
   */
  private final long[] starts;
  private final long[] spans;
  private final ByteBuffer[] views;

  /** Bytes from the start of each view to the next gap in guest memory. */
  private final long[] runs;

  /** Whether an access can fault: not if all files are memory files sealed against shrinking. */
  private final boolean mayFault;

  private int users = 1;
  private int lastHit;

  /** Takes over one use of each region. */
  private GuestMemory(List<MappedRegion> unsorted) {
    regions = new ArrayList<>(unsorted);
    mayFault = regions.stream().anyMatch(MappedRegion::mayFault);
    regions.sort((a, b) -> Long.compareUnsigned(start(a), start(b)));
    int count = regions.stream().mapToInt(MappedRegion::viewCount).sum();
    starts = new long[count];
    spans = new long[count];
    views = new ByteBuffer[count];
    int next = 0;
    for (MappedRegion region : regions) {
      for (int i = 0; i < region.viewCount(); i++) {
        long offset = i * MappedRegion.STEP;
        starts[next] = start(region) + offset;
        spans[next] = Math.min(MappedRegion.STEP, region.region().size() - offset);
        views[next++] = region.view(i);
      }
    }
    runs = new long[count];
    for (int i = count - 1; i >= 0; i--) {
      boolean goesOn = i + 1 < count && starts[i] + spans[i] == starts[i + 1];
      runs[i] = spans[i] + (goesOn ? runs[i + 1] : 0);
    }
  }

  private static long start(MappedRegion region) {
    return region.region().guestAddress();
  }

  /** A table without regions. */
  public static GuestMemory empty() {
    return new GuestMemory(List.of());
  }

  /**
   * Maps a whole table (C20).
   *
   * @param regions in any order
   * @param fds the file of each region, in the same order; they stay the caller's, who closes them,
   *     at once if it likes
   * @throws GuestMemoryException if a region is impossible, overlaps another, is longer than its
   *     file, or cannot be mapped (C23, E9); nothing stays mapped then
   */
  public static GuestMemory map(List<MemoryRegion> regions, int... fds)
      throws GuestMemoryException {
    return map(false, regions, fds);
  }

  /**
   * Maps files of this kernel's own making, which have no length and lie in no file system. Nobody
   * but the kernel may have chosen them.
   *
   * @param regions in any order
   * @param fds the file of each region, in the same order; they stay the caller's
   * @throws GuestMemoryException if a region is impossible, overlaps another, or cannot be mapped
   */
  public static GuestMemory mapOfKernel(List<MemoryRegion> regions, int... fds)
      throws GuestMemoryException {
    return map(true, regions, fds);
  }

  private static GuestMemory map(boolean ofKernel, List<MemoryRegion> regions, int... fds)
      throws GuestMemoryException {
    if (regions.size() != fds.length) {
      throw new IllegalArgumentException(regions.size() + " regions with " + fds.length + " files");
    }
    Regions.check(regions);
    List<MappedRegion> mapped = new ArrayList<>();
    try {
      for (int i = 0; i < fds.length; i++) {
        mapped.add(
            ofKernel
                ? MappedRegion.mapOfKernel(regions.get(i), fds[i])
                : MappedRegion.map(regions.get(i), fds[i]));
      }
    } catch (GuestMemoryException e) {
      mapped.forEach(MappedRegion::release);
      throw e;
    }
    return new GuestMemory(mapped);
  }

  /**
   * A new table with one region more (C24, ADD_MEM_REG). This table stays as it is, and its user
   * releases it when the new one has taken its place.
   *
   * @param fd the region's file; stays the caller's, who closes it
   * @throws GuestMemoryException as for {@link #map}
   */
  public GuestMemory with(MemoryRegion region, int fd) throws GuestMemoryException {
    List<MemoryRegion> all = new ArrayList<>(regions());
    all.add(region);
    Regions.check(all);
    MappedRegion added = MappedRegion.map(region, fd);
    List<MappedRegion> mapped = new ArrayList<>(regions);
    regions.forEach(MappedRegion::retain);
    mapped.add(added);
    return new GuestMemory(mapped);
  }

  /**
   * A new table with one region less (C24, REM_MEM_REG). This table stays as it is.
   *
   * @param region found by guest address, user address and size; its file offset is ignored
   * @throws GuestMemoryException if there is no such region
   */
  public GuestMemory without(MemoryRegion region) throws GuestMemoryException {
    List<MappedRegion> rest = new ArrayList<>(regions);
    if (!rest.removeIf(candidate -> isSame(candidate.region(), region))) {
      // C24
      throw new GuestMemoryException("there is no " + Regions.describe(region));
    }
    rest.forEach(MappedRegion::retain);
    return new GuestMemory(rest);
  }

  private static boolean isSame(MemoryRegion a, MemoryRegion b) {
    return a.guestAddress() == b.guestAddress()
        && a.userAddress() == b.userAddress()
        && a.size() == b.size();
  }

  /** The regions, by guest address. */
  public List<MemoryRegion> regions() {
    return regions.stream().map(MappedRegion::region).toList();
  }

  /** One more user. */
  public void retain() {
    if (users <= 0) {
      throw new IllegalStateException("the table has been unmapped");
    }
    users++;
  }

  /** One user less; the last one unmaps. */
  public void release() {
    if (users <= 0) {
      throw new IllegalStateException("the table has been unmapped");
    }
    if (--users == 0) {
      // Whoever still asks gets no answer, instead of a view that ends the process.
      Arrays.fill(spans, 0);
      Arrays.fill(views, UNMAPPED);
      regions.forEach(MappedRegion::release);
    }
  }

  /**
   * As {@link #release()}, by a user who cannot vouch for it that nobody touches the views any
   * more. The last release then leaves blank memory at the addresses of these regions: the guest's
   * memory is let go all the same, and a late access is harmless. The price is address space.
   */
  public void abandon() {
    regions.forEach(MappedRegion::leaveBlank);
    release();
  }

  /**
   * Makes sure that no failed access of the current thread remains unreported. To be called at the
   * end of each batch of work on guest memory, on each thread that did some. Costs about 30 ns and
   * 16 bytes of garbage if a file can be truncated or has huge pages, and nothing if all are sealed
   * against it, as QEMU's are by default.
   *
   * @throws InternalError if the thread has touched memory that was truncated
   */
  public void deliverFaults() {
    if (mayFault) {
      AccessFaults.deliver();
    }
  }

  /** Number of views, see {@link #find(long)}. */
  public int viewCount() {
    return views.length;
  }

  /**
   * Finds the view to reach a guest address through. Allocates nothing.
   *
   * @return the number of the view, or -1 if no region holds the address
   */
  public int find(long guestAddress) {
    int hit = lastHit;
    if (hit < starts.length && isIn(hit, guestAddress)) {
      return hit;
    }
    int low = 0;
    int high = starts.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (isIn(middle, guestAddress)) {
        lastHit = middle;
        return middle;
      }
      if (Long.compareUnsigned(starts[middle], guestAddress) < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }

  private boolean isIn(int view, long guestAddress) {
    return Long.compareUnsigned(guestAddress - starts[view], spans[view]) < 0;
  }

  /**
   * A view found by {@link #find(long)}: little-endian, shared by all, so absolute access only.
   * From the byte that was looked for it reaches 1 GiB far, or to the end of the region.
   */
  public ByteBuffer view(int view) {
    return views[view];
  }

  /** Where a guest address lies in the view that {@link #find(long)} gave for it. */
  public int offset(int view, long guestAddress) {
    return (int) (guestAddress - starts[view]);
  }

  /** Whether every one of {@code length} bytes lies in some region. */
  public boolean covers(long guestAddress, long length) {
    if (length <= 0) {
      return length == 0;
    }
    int view = find(guestAddress);
    return view >= 0 && length <= runs[view] - offset(view, guestAddress);
  }

  /**
   * Fills {@code target} from its position to its limit from guest memory, over the seams between
   * adjacent regions too.
   *
   * @return false, with nothing copied, if not all of it lies in the table
   */
  public boolean read(long guestAddress, ByteBuffer target) {
    if (!covers(guestAddress, target.remaining())) {
      return false;
    }
    long address = guestAddress;
    while (target.hasRemaining()) {
      int view = find(address);
      int offset = offset(view, address);
      int run = Math.min(target.remaining(), views[view].capacity() - offset);
      target.put(target.position(), views[view], offset, run);
      target.position(target.position() + run);
      address += run;
    }
    return true;
  }

  /**
   * Copies {@code source} from its position to its limit into guest memory, over the seams between
   * adjacent regions too.
   *
   * @return false, with nothing copied, if not all of it lies in the table
   */
  public boolean write(long guestAddress, ByteBuffer source) {
    if (!covers(guestAddress, source.remaining())) {
      return false;
    }
    long address = guestAddress;
    while (source.hasRemaining()) {
      int view = find(address);
      int offset = offset(view, address);
      int run = Math.min(source.remaining(), views[view].capacity() - offset);
      views[view].put(offset, source, source.position(), run);
      source.position(source.position() + run);
      address += run;
    }
    return true;
  }

  /**
   * A little-endian view of exactly the given guest addresses.
   *
   * @return null unless they lie in one region; always one piece up to 1 GiB
   */
  public @Nullable ByteBuffer slice(long guestAddress, int length) {
    int view = find(guestAddress);
    if (view < 0 || length > views[view].capacity() - offset(view, guestAddress)) {
      return null;
    }
    return views[view].slice(offset(view, guestAddress), length).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * A little-endian view of a ring, which the frontend gives in its own addresses (C22).
   *
   * @return null unless all of it lies in one region; always one piece up to 1 GiB
   */
  public @Nullable ByteBuffer sliceAtUserAddress(long userAddress, int length) {
    for (MappedRegion mapped : regions) {
      long offset = userAddress - mapped.region().userAddress();
      if (Long.compareUnsigned(offset, mapped.region().size()) < 0) {
        return slice(start(mapped) + offset, length);
      }
    }
    return null;
  }

  /**
   * The frontend's own address of a guest address.
   *
   * @return -1 if no region holds it
   */
  public long toUserAddress(long guestAddress) {
    for (MappedRegion mapped : regions) {
      long offset = guestAddress - start(mapped);
      if (Long.compareUnsigned(offset, mapped.region().size()) < 0) {
        return mapped.region().userAddress() + offset;
      }
    }
    return -1;
  }
}
