package io.vhost4j.device.gpio;

import io.vhost4j.device.gpio.GpioChip.Use;
import org.jspecify.annotations.Nullable;

/** When a line interrupts, with the numbers of the standard. */
enum InterruptType {
  NONE(0, Use.INPUT),
  RISING(1, Use.INPUT_RISING),
  FALLING(2, Use.INPUT_FALLING),
  BOTH(3, Use.INPUT_BOTH),
  HIGH(4, Use.INPUT_BOTH),
  LOW(8, Use.INPUT_BOTH);

  private final int code;
  private final Use use;

  InterruptType(int code, Use use) {
    this.code = code;
    this.use = use;
  }

  /** The type of that number, null if there is none. */
  static @Nullable InterruptType of(int code) {
    for (InterruptType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    return null;
  }

  /** What a line with it is for, if it is an input. */
  Use use() {
    return use;
  }

  boolean isLevel() {
    return this == HIGH || this == LOW;
  }
}
