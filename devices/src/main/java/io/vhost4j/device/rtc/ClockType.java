package io.vhost4j.device.rtc;

/** What a clock shows, with the numbers of the standard. */
public enum ClockType {
  /** UTC, which steps at leap seconds. */
  UTC,
  /** TAI. */
  TAI,
  /** Physical time since some moment. */
  MONOTONIC,
  /** UTC that runs slower or faster near a leap second instead of a step. */
  UTC_SMEARED,
  /** UTC of which nobody knows which of both it does. */
  UTC_MAYBE_SMEARED
}
