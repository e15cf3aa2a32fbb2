package io.vhost4j.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * One axis of a {@link Plot}.
 *
 * @param label what it shows, with the unit
 * @param low the value at its start
 * @param high the value at its end
 * @param scale makes equal distances of values that are to be shown so
 * @param ticks values with their texts
 */
record Axis(String label, double low, double high, DoubleUnaryOperator scale, List<Tick> ticks) {
  private static final int LINEAR_STEPS = 5;

  /** A factor that needs no more marks than powers of ten. */
  private static final double MANY_DECADES = 1000;

  /** A value that the axis is marked at. */
  record Tick(double value, String text) {}

  /** Where a value lies: 0 at the start of the axis, 1 at its end. */
  double position(double value) {
    double start = scale.applyAsDouble(low);
    return (scale.applyAsDouble(value) - start) / (scale.applyAsDouble(high) - start);
  }

  /** Equal steps from 0 to {@code high} or a little above. */
  static Axis linear(String label, double high) {
    double top = high > 0 ? high : 1;
    double step = roundNumbers(top / LINEAR_STEPS, top).get(0);
    List<Tick> ticks = new ArrayList<>();
    for (int i = 0; i == 0 || last(ticks) < top; i++) {
      ticks.add(new Tick(i * step, number(i * step)));
    }
    return new Axis(label, 0, last(ticks), DoubleUnaryOperator.identity(), ticks);
  }

  /** Equal factors, from a round number to another. */
  static Axis logarithmic(String label, double low, double high) {
    boolean isLong = high > MANY_DECADES * low;
    List<Tick> ticks = new ArrayList<>();
    for (double value : roundNumbers(low / 10, high * 10)) {
      if (isLong && !isPowerOfTen(value)) {
        continue;
      }
      if (value <= low) {
        ticks.clear(); // there is a later one to begin with
      }
      if (ticks.size() < 2 || last(ticks) < high) {
        ticks.add(new Tick(value, number(value)));
      }
    }
    return new Axis(label, ticks.get(0).value(), last(ticks), Math::log, ticks);
  }

  /** The numbers 1, 2, 5, 10, 20 and so on, and their fractions, in a range that has some. */
  private static List<Double> roundNumbers(double from, double to) {
    List<Double> numbers = new ArrayList<>();
    int first = (int) Math.floor(Math.log10(from)) - 1;
    int last = (int) Math.ceil(Math.log10(to)) + 1;
    for (int power = first; power <= last; power++) {
      for (int mark : new int[] {1, 2, 5}) {
        double number = power < 0 ? mark / Math.pow(10, -power) : mark * Math.pow(10, power);
        if (number >= from) {
          numbers.add(number);
        }
      }
    }
    return numbers;
  }

  private static boolean isPowerOfTen(double value) {
    double power = Math.log10(value);
    return Math.abs(power - Math.rint(power)) < 1e-9;
  }

  private static double last(List<Tick> ticks) {
    return ticks.get(ticks.size() - 1).value();
  }

  /** Powers of two, each marked. */
  static Axis doubling(String label, int low, int high) {
    List<Tick> ticks = new ArrayList<>();
    for (int value = low; value < high; value *= 2) {
      ticks.add(new Tick(value, Integer.toString(value)));
    }
    ticks.add(new Tick(high, Integer.toString(high)));
    return new Axis(label, low, Math.max(high, 2 * low), Math::log, ticks);
  }

  /** Percentiles, where each nine more takes the same room. */
  static Axis percentiles(double high) {
    List<Tick> ticks = new ArrayList<>();
    for (double percent : new double[] {0, 50, 90, 99, 99.9, 99.99, 99.999}) {
      if (percent <= high) {
        ticks.add(new Tick(percent, percent == 0 ? "0" : "p" + text(percent)));
      }
    }
    return new Axis("percentile", 0, high, percent -> -Math.log(1 - percent / 100), ticks);
  }

  private static String text(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  private static String number(double value) {
    if (value >= 1e6) {
      return text(Math.rint(value / 1e4) / 100) + "M";
    }
    return value >= 1e4
        ? text(Math.rint(value / 100) / 10) + "k"
        : text(Math.rint(value * 1e4) / 1e4);
  }
}
