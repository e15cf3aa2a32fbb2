package io.vhost4j.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

/** Lookups agree with the plainest possible reading of the table. */
@Tag("jdk")
class GuestMemoryPropertyTest {
  private static final int FILE_BYTES = 1 << 16;

  /** Gap before a region, its size and its file offset, so that many regions are adjacent. */
  record Shape(int gap, int size, int offset) {}

  @Provide
  Arbitrary<Shape> shapes() {
    return Combinators.combine(
            Arbitraries.of(0, 0, 1, 4096),
            Arbitraries.integers().between(1, 5000),
            Arbitraries.integers().between(0, 5000))
        .as(Shape::new);
  }

  @Property(tries = 300)
  void lookupsAgreeWithTheTable(
      @ForAll @Size(min = 1, max = 12) List<@From("shapes") Shape> shapes,
      @ForAll boolean reversed,
      @ForAll @IntRange(max = 1 << 16) int probe,
      @ForAll @IntRange(max = 20000) int length)
      throws Exception {
    List<MemoryRegion> regions = new ArrayList<>();
    long guest = 0xffff_fff0L;
    for (Shape shape : shapes) {
      guest += shape.gap();
      long user = reversed ? -guest - shape.size() : guest * 2;
      regions.add(
          reversed ? 0 : regions.size(),
          new MemoryRegion(guest, shape.size(), user, shape.offset()));
      guest += shape.size();
    }
    try (MemoryFile file = MemoryFile.create("vhost4j-property", FILE_BYTES)) {
      int[] fds = regions.stream().mapToInt(r -> file.fd()).toArray();
      GuestMemory memory = GuestMemory.map(regions, fds);
      try {
        long address = 0xffff_fff0L - 100 + probe;
        boolean inside = region(regions, address) != null;
        assertThat(memory.find(address) >= 0).isEqualTo(inside);
        MemoryRegion hit = region(regions, address);
        assertThat(memory.toUserAddress(address))
            .isEqualTo(hit == null ? -1 : hit.userAddress() + address - hit.guestAddress());
        boolean all = true;
        for (long i = address; i < address + length && all; i++) {
          all = region(regions, i) != null;
        }
        assertThat(memory.covers(address, length)).isEqualTo(all);
        boolean contiguous = hit != null && address + length <= hit.guestAddress() + hit.size();
        assertThat(memory.slice(address, length) != null).isEqualTo(contiguous);
        if (hit != null) {
          long user = memory.toUserAddress(address);
          assertThat(memory.sliceAtUserAddress(user, length) != null).isEqualTo(contiguous);
        }
      } finally {
        memory.release();
      }
    }
  }

  private static @Nullable MemoryRegion region(List<MemoryRegion> regions, long address) {
    for (MemoryRegion region : regions) {
      if (address >= region.guestAddress() && address < region.guestAddress() + region.size()) {
        return region;
      }
    }
    return null;
  }
}
