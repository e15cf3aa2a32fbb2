package io.vhost4j.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Says which driver of a real kernel a test class runs a device against. {@code ./run test} prints
 * a table of these, with what became of the tests; one that has not run fails it.
 *
 * <p>On a class it stands for all of its tests, however many there are. A class for several devices
 * has it on the methods instead, or on the class more than once if each test is about all of them:
 *
 * <pre>{@code
 * class QemuDevicesIT {
 *   @Test
 *   @DriverTest(
 *       device = "gpio",
 *       driver = "gpio-virtio",
 *       kernel = "Linux 7.3, QEMU 11",
 *       transport = "vhost-user")
 *   void linesAreSetAndRead() { ... }
 * }
 * }</pre>
 *
 * <p>What fails before the first method, such as the boot of the guest, counts for all of them. The
 * values are plain strings, as {@code scripts/TestReport.java} reads them in the source.
 */
@Documented
@Retention(RetentionPolicy.SOURCE)
@Target({ElementType.TYPE, ElementType.METHOD})
@Repeatable(DriverTest.Several.class)
public @interface DriverTest {
  /** The device, as in the name of its daemon. */
  String device();

  /** The driver, as its kernel calls it. */
  String driver();

  /** The kernel's version and what it runs on: {@code Linux 7.3, user-mode}. */
  String kernel();

  /** How the driver finds the device: {@code vhost-user}, {@code loopback} or {@code VDUSE}. */
  String transport();

  /** More than one of them on the same class or method. */
  @Documented
  @Retention(RetentionPolicy.SOURCE)
  @Target({ElementType.TYPE, ElementType.METHOD})
  @interface Several {
    /** In the order of the source. */
    DriverTest[] value();
  }
}
