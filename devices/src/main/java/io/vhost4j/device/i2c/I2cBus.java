package io.vhost4j.device.i2c;

/** A bus with chips. One thread at a time, which may be kept waiting. */
interface I2cBus extends AutoCloseable {
  /**
   * Does the messages of a transfer in one go, with a repeated start between them and one stop
   * (I4), and leaves there what was read.
   *
   * @return how many of them have been done, from the first on; 0 if that is not known
   */
  int transfer(I2cTransfer transfer);

  @Override
  void close();
}
