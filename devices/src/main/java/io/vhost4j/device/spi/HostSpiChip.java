package io.vhost4j.device.spi;

import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A chip of the host: {@code /dev/spidevB.C}. One that is unplugged is used again when it is back.
 */
final class HostSpiChip implements SpiChip {
  private static final Logger LOG = LoggerFactory.getLogger(HostSpiChip.class);

  private static final int SPI_IOC_MESSAGE_1 = 0x40206b00;
  private static final int SPI_IOC_RD_BITS_PER_WORD = 0x80016b03;
  private static final int SPI_IOC_WR_BITS_PER_WORD = 0x40016b03;
  private static final int SPI_IOC_RD_MAX_SPEED_HZ = 0x80046b04;
  private static final int SPI_IOC_RD_MODE32 = 0x80046b05;
  private static final int SPI_IOC_WR_MODE32 = 0x40046b05;

  private static final int CPHA = 1;
  private static final int CPOL = 1 << 1;
  private static final int CS_HIGH = 1 << 2;
  private static final int LSB_FIRST = 1 << 3;
  private static final int LOOP = 1 << 5;

  /** Of 2, 4 and 8 lines. */
  private static final int[] TX_LINES = {1 << 8, 1 << 9, 1 << 13};

  private static final int[] RX_LINES = {1 << 10, 1 << 11, 1 << 14};

  /** What requests decide; the rest is the host's. */
  private static final int OURS =
      CPHA | CPOL | CS_HIGH | LSB_FIRST | LOOP | sum(TX_LINES) | sum(RX_LINES);

  private final Path node;
  private final SpiAbilities abilities;

  /** {@code struct spi_ioc_transfer}, and numbers. */
  private final ByteBuffer call = ByteBuffer.allocateDirect(32).order(ByteOrder.nativeOrder());

  /** Null while it is unplugged. */
  private @Nullable DeviceFile file;

  /** Mode bits that the host has set, which stay. */
  private int fixed;

  private int mode;

  /** What was logged, each line once. */
  private final Set<String> told = new HashSet<>();

  private static int sum(int... bits) {
    int all = 0;
    for (int bit : bits) {
      all |= bit;
    }
    return all;
  }

  /**
   * Opens a chip, and finds out what it can do.
   *
   * @throws IOException if it cannot be used, with a line that says what to do
   */
  HostSpiChip(Path node) throws IOException {
    this.node = node;
    DeviceFile opened = open();
    try {
      abilities = probe(opened);
    } catch (NativeIoException e) {
      opened.close();
      throw new IOException(node + " is no spidev: " + e.getMessage(), e);
    }
    file = opened;
  }

  private DeviceFile open() throws IOException {
    try {
      return DeviceFile.open(node);
    } catch (NativeIoException e) {
      throw new IOException(node + advice(e), e);
    }
  }

  private static String advice(NativeIoException failure) {
    return switch (failure.errno()) {
      case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV ->
          " is not there: load the module spidev and bind it to the chip; 'ls /dev/spidev*' shows"
              + " those there are";
      case Errno.EACCES, Errno.EPERM ->
          " may not be opened by this user: add him to the group of the file, or let udev allow it";
      case Errno.EBUSY -> " is open elsewhere: end that program";
      default -> " cannot be opened: " + failure.getMessage();
    };
  }

  /** By trying: a controller tells in no other way. All is as before in the end. */
  private SpiAbilities probe(DeviceFile opened) throws NativeIoException {
    int before = number(opened, SPI_IOC_RD_MODE32);
    fixed = before & ~OURS;
    int base = fixed | (before & (CPHA | CPOL));
    int modes = 0;
    modes |= takes(opened, base & ~CPHA) ? SpiAbilities.CPHA_0 : 0;
    modes |= takes(opened, base | CPHA) ? SpiAbilities.CPHA_1 : 0;
    modes |= takes(opened, base & ~CPOL) ? SpiAbilities.CPOL_0 : 0;
    modes |= takes(opened, base | CPOL) ? SpiAbilities.CPOL_1 : 0;
    modes |= takes(opened, base | CS_HIGH) ? SpiAbilities.CS_HIGH : 0;
    modes |= takes(opened, base | LSB_FIRST) ? SpiAbilities.LSB_FIRST : 0;
    modes |= takes(opened, base | LOOP) ? SpiAbilities.LOOP : 0;
    int txWidths = widths(opened, base, TX_LINES);
    int rxWidths = widths(opened, base, RX_LINES);
    int unused = takes(opened, before) ? 1 : 0;
    mode = before;
    return new SpiAbilities(
        txWidths, rxWidths, wordSizes(opened), modes, number(opened, SPI_IOC_RD_MAX_SPEED_HZ));
  }

  private int number(DeviceFile opened, int request) throws NativeIoException {
    call.putInt(0, 0);
    int unused = opened.control(request, call);
    return call.getInt(0);
  }

  private boolean takes(DeviceFile opened, int wanted) {
    call.putInt(0, wanted);
    try {
      int unused = opened.control(SPI_IOC_WR_MODE32, call);
      // Linux takes lines away, in silence, that the controller does not have.
      return number(opened, SPI_IOC_RD_MODE32) == wanted;
    } catch (NativeIoException e) {
      return false;
    }
  }

  private int widths(DeviceFile opened, int base, int[] lines) {
    int widths = 0;
    for (int i = 0; i < lines.length; i++) {
      widths |= takes(opened, base | lines[i]) ? 1 << i : 0;
    }
    return widths;
  }

  private int wordSizes(DeviceFile opened) throws NativeIoException {
    int unused = opened.control(SPI_IOC_RD_BITS_PER_WORD, call.putInt(0, 0));
    byte before = call.get(0);
    int sizes = 0;
    for (int bits = 1; bits <= Integer.SIZE; bits++) {
      try {
        unused = opened.control(SPI_IOC_WR_BITS_PER_WORD, call.put(0, (byte) bits));
        sizes |= 1 << (bits - 1);
      } catch (NativeIoException e) {
        // Not this one.
      }
    }
    unused = opened.control(SPI_IOC_WR_BITS_PER_WORD, call.put(0, before));
    return sizes;
  }

  @Override
  public SpiAbilities abilities() {
    return abilities;
  }

  @Override
  public boolean transfer(SpiTransfer transfer) {
    try {
      try {
        transfer(opened(), transfer);
      } catch (NativeIoException e) {
        if (e.errno() != Errno.ESHUTDOWN) {
          throw e;
        }
        close(); // it was unplugged, and may be back
        transfer(opened(), transfer);
      }
      return true;
    } catch (NativeIoException e) {
      tell(
          e.errno() == Errno.EMSGSIZE
              ? "%s does not take transfers as long as guests want: load spidev with bufsiz=%d"
                  .formatted(node, SpiRequest.MAX_BYTES)
              : "%s: a transfer has failed: %s".formatted(node, e.getMessage()));
    } catch (IOException e) {
      tell(e.getMessage() + "; its transfers fail until then");
    }
    return false;
  }

  private void transfer(DeviceFile opened, SpiTransfer transfer) throws NativeIoException {
    set(opened, hostMode(transfer));
    call.putLong(0, transfer.writes() ? DeviceFile.address(transfer.written()) : 0);
    call.putLong(8, transfer.reads() ? DeviceFile.address(transfer.read()) : 0);
    call.putInt(16, transfer.length()).putInt(20, transfer.hertz());
    call.putShort(24, (short) 0).put(26, (byte) transfer.bitsPerWord()).put(27, (byte) 0);
    call.put(28, (byte) transfer.linesToWrite()).put(29, (byte) transfer.linesToRead());
    call.putShort(30, (short) 0);
    int unused = opened.control(SPI_IOC_MESSAGE_1, call);
  }

  private DeviceFile opened() throws IOException {
    DeviceFile present = file;
    if (present == null) {
      present = open();
      file = present;
      mode = number(present, SPI_IOC_RD_MODE32);
      told.clear();
      LOG.info("{} is back", node);
    }
    return present;
  }

  private void tell(String what) {
    if (told.add(what)) {
      LOG.warn("{}", what);
    }
  }

  private void set(DeviceFile opened, int wanted) throws NativeIoException {
    if (wanted != mode) {
      int unused = opened.control(SPI_IOC_WR_MODE32, call.putInt(0, wanted));
      mode = wanted;
    }
  }

  /** The mode as the host has it. */
  private int hostMode(SpiTransfer transfer) {
    int wanted = transfer.mode();
    return fixed
        | (wanted & (CPHA | CPOL | CS_HIGH | LSB_FIRST))
        | ((wanted & SpiRequest.LOOP) != 0 ? LOOP : 0)
        | lines(TX_LINES, transfer.linesToWrite())
        | lines(RX_LINES, transfer.linesToRead());
  }

  private static int lines(int[] bits, int count) {
    return count > 1 ? bits[Integer.numberOfTrailingZeros(count) - 1] : 0;
  }

  @Override
  public void close() {
    DeviceFile opened = file;
    file = null;
    if (opened != null) {
      opened.close();
    }
  }

  @Override
  public String toString() {
    return node.toString();
  }
}
