package io.vhost4j.device.i2c;

import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bus of the host: {@code /dev/i2c-N}. An adapter that can do no more than SMBus has those
 * transfers made that are SMBus commands.
 *
 * <p>The node is open during a transfer only: Linux keeps who unplugs an adapter waiting until
 * nobody has it open. One that is gone is used again when it is back.
 */
final class HostI2cBus implements I2cBus {
  private static final Logger LOG = LoggerFactory.getLogger(HostI2cBus.class);

  private static final int I2C_SLAVE = 0x0703;
  private static final int I2C_FUNCS = 0x0705;
  private static final int I2C_RDWR = 0x0707;
  private static final int I2C_SMBUS = 0x0720;

  private static final long FUNC_I2C = 1;

  private static final short M_RD = 1;
  private static final short M_TEN = 0x10;

  /** {@code struct i2c_rdwr_ioctl_data}: address and number of messages. */
  private static final int RDWR_BYTES = 16;

  /** {@code struct i2c_msg}: address, flags and length, 16 bits each; where the bytes are. */
  private static final int MESSAGE_BYTES = 16;

  /** {@code struct i2c_smbus_ioctl_data}: read, command, size (32 bits), where the data is. */
  private static final int SMBUS_BYTES = 16;

  private static final int QUICK = 0;
  private static final int BYTE = 1;
  private static final int BYTE_DATA = 2;
  private static final int WORD_DATA = 3;
  private static final int PROC_CALL = 4;
  private static final int I2C_BLOCK_DATA = 8;
  private static final int MAX_BLOCK = 32;

  private final String name;
  private final I2cAdapters adapters;

  private Path node;
  private boolean isGone;

  /** What was logged, each line once. */
  private final Set<String> told = new HashSet<>();

  private final ByteBuffer call =
      ByteBuffer.allocateDirect(RDWR_BYTES + I2cTransfer.MAX_MESSAGES * MESSAGE_BYTES)
          .order(ByteOrder.nativeOrder());
  private final long address = DeviceFile.address(call);

  /**
   * Opens a bus.
   *
   * @param name number or name of the adapter
   * @throws IOException if it cannot be used, with a line that says what to do
   */
  HostI2cBus(String name, I2cAdapters adapters) throws IOException {
    this.name = name;
    this.adapters = adapters;
    node = adapters.node(name);
    try (DeviceFile file = adapters.open(name, node)) {
      long unused = functions(file);
    } catch (NativeIoException e) {
      throw new IOException(node + " is no I2C adapter: " + e.getMessage(), e);
    }
  }

  private long functions(DeviceFile file) throws NativeIoException {
    int unused = file.control(I2C_FUNCS, call);
    return call.getLong(0); // an unsigned long
  }

  @Override
  public int transfer(I2cTransfer transfer) {
    try (DeviceFile file = open()) {
      return (functions(file) & FUNC_I2C) != 0 ? combined(file, transfer) : smbus(file, transfer);
    } catch (NativeIoException e) {
      failed(transfer, e);
    } catch (IOException e) {
      isGone = true;
      tell(e.getMessage() + "; its chips are absent until then");
    }
    return 0;
  }

  private DeviceFile open() throws IOException {
    if (isGone) {
      node = adapters.node(name); // it may have another number now
    }
    DeviceFile file = adapters.open(name, node);
    if (isGone) {
      isGone = false;
      told.clear();
      LOG.info("{} is back", node);
    }
    return file;
  }

  /** Most often no chip has acknowledged, which is the driver's to know. */
  private void failed(I2cTransfer transfer, NativeIoException failure) {
    if (failure.errno() == Errno.EBUSY) {
      tell(
          "%s: a driver of the host has the chip at 0x%02x: unbind that, or take the chip off the list"
              .formatted(node, transfer.address(0)));
    } else if (failure.errno() == Errno.EOPNOTSUPP) {
      tell("%s cannot do what a guest asks for: %s".formatted(node, failure.getMessage()));
    }
  }

  private void tell(String what) {
    if (told.add(what)) {
      LOG.warn("{}", what);
    }
  }

  private int combined(DeviceFile file, I2cTransfer transfer) throws NativeIoException {
    int count = transfer.count();
    long data = DeviceFile.address(transfer.data());
    call.putLong(0, address + RDWR_BYTES).putInt(8, count);
    for (int i = 0; i < count; i++) {
      int at = RDWR_BYTES + i * MESSAGE_BYTES;
      int to = transfer.address(i);
      int flags = (transfer.isRead(i) ? M_RD : 0) | (to > I2cRequests.LAST_OF_7_BITS ? M_TEN : 0);
      call.putShort(at, (short) to).putShort(at + 2, (short) flags);
      call.putShort(at + 4, (short) transfer.length(i)).putLong(at + 8, data + transfer.start(i));
    }
    return file.control(I2C_RDWR, call);
  }

  /** As Linux emulates SMBus by messages, the other way round. */
  private int smbus(DeviceFile file, I2cTransfer transfer) throws NativeIoException {
    ByteBuffer data = transfer.data();
    int count = transfer.count();
    int first = transfer.length(0);
    boolean isRead = transfer.isRead(0);
    int command = isRead || first == 0 ? 0 : Byte.toUnsignedInt(data.get(0));
    if (count == 1 && first <= 1) {
      select(file, transfer);
      smbus(file, isRead, command, first == 0 ? QUICK : BYTE);
      if (isRead && first == 1) {
        data.put(0, call.get(SMBUS_BYTES));
      }
      return 1;
    }
    if (count == 1 && !isRead && first <= 1 + MAX_BLOCK) {
      select(file, transfer);
      smbus(file, false, command, size(data, 1, first - 1));
      return 1;
    }
    boolean isPair =
        count == 2 && !isRead && transfer.isRead(1) && transfer.address(0) == transfer.address(1);
    int second = isPair ? transfer.length(1) : 0;
    if (isPair && first == 1 && second >= 1 && second <= MAX_BLOCK) {
      select(file, transfer);
      int size = size(data, transfer.start(1), second);
      smbus(file, true, command, size);
      take(data, transfer.start(1), second, size);
      return 2;
    }
    if (isPair && first == 3 && second == 2) {
      select(file, transfer);
      int unused = size(data, 1, 2);
      smbus(file, false, command, PROC_CALL);
      take(data, transfer.start(1), second, PROC_CALL);
      return 2;
    }
    tell(node + " can do SMBus commands alone, and a guest asks for something else");
    return 0;
  }

  private void select(DeviceFile file, I2cTransfer transfer) throws NativeIoException {
    int unused = file.control(I2C_SLAVE, (long) transfer.address(0));
  }

  /** Puts the data of a command where it belongs, as far as it is written; tells the size of it. */
  private int size(ByteBuffer data, int start, int length) {
    int at = SMBUS_BYTES;
    if (length == 2) {
      // Low byte first on the bus, and a number here.
      int low = Byte.toUnsignedInt(data.get(start));
      call.putShort(at, (short) (low | (data.get(start + 1) << Byte.SIZE)));
      return WORD_DATA;
    }
    if (length == 1) {
      call.put(at, data.get(start));
      return BYTE_DATA;
    }
    call.put(at, (byte) length).put(at + 1, data, start, length);
    return I2C_BLOCK_DATA;
  }

  private void smbus(DeviceFile file, boolean isRead, int command, int size)
      throws NativeIoException {
    call.put(0, (byte) (isRead ? 1 : 0)).put(1, (byte) command).putInt(4, size);
    call.putLong(8, address + SMBUS_BYTES);
    int unused = file.control(I2C_SMBUS, call);
  }

  /** What a command has read. */
  private void take(ByteBuffer data, int start, int length, int size) {
    if (size == WORD_DATA || size == PROC_CALL) {
      int word = call.getShort(SMBUS_BYTES);
      data.put(start, (byte) word).put(start + 1, (byte) (word >> Byte.SIZE));
    } else if (size == BYTE_DATA) {
      data.put(start, call.get(SMBUS_BYTES));
    } else {
      data.put(start, call, SMBUS_BYTES + 1, length);
    }
  }

  @Override
  public void close() {
    // Nothing is open between transfers.
  }

  @Override
  public String toString() {
    return node.toString();
  }
}
