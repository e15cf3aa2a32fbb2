package io.vhost4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.DataInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class TerminalTest {
  @Test
  void aRawTerminalPassesEveryByteBothWays() throws Exception {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    try (OwnedFd master = Terminal.openMaster()) {
      byte[] before = Terminal.makeRaw(master);
      File slave = Terminal.slaveOf(master).toFile();
      try (FileOutputStream out = new FileOutputStream(slave);
          FileInputStream in = new FileInputStream(slave);
          Memory memory = new Memory(all.length)) {
        long address = Pointer.nativeValue(memory);
        out.write(all);
        assertThat(LibC.read(master.number(), address, all.length)).isEqualTo(all.length);
        assertThat(memory.getByteArray(0, all.length)).isEqualTo(all);
        assertThat(LibC.write(master.number(), address, all.length)).isEqualTo(all.length);
        byte[] got = new byte[all.length];
        new DataInputStream(in).readFully(got);
        assertThat(got).isEqualTo(all);
      }
      Terminal.restore(master, before);
      assertThat(Terminal.makeRaw(master)).isEqualTo(before);
    }
  }

  @Test
  void aWindowHasTheSizeThatItIsGiven() throws Exception {
    try (OwnedFd master = Terminal.openMaster()) {
      assertThat(Terminal.size(master)).as("which nobody has said").isNull();
      Terminal.resize(master, new Terminal.Size(132, 43));
      assertThat(Terminal.size(master)).isEqualTo(new Terminal.Size(132, 43));
    }
  }

  @Test
  void aFileIsNoTerminal() throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    assertThat(Terminal.isTerminal(pair[0])).isFalse();
    assertThat(Terminal.size(pair[0])).isNull();
    pair[0].close();
    pair[1].close();
  }
}
