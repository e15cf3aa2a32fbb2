/**
 * For the tests of devices. A device is tested in three ways, of which each finds what the others
 * do not.
 *
 * <p><b>By a guest that the test plays.</b> {@link io.vhost4j.testkit.InProcessGuest} drives the
 * device through the real engine and real rings, without a socket or a message; {@link
 * io.vhost4j.testkit.SocketGuest} does so through a vhost-user socket.
 *
 * <pre>{@code
 * Vertx vertx = NativeTransport.vertx(new VertxOptions());
 * try (InProcessGuest guest = InProcessGuest.create(vertx, new MyDevice(), 1 << 20)) {
 *   GuestQueue queue = guest.queue(0, 0, 1 << 20, 16, 0);
 *   Guest.await(queue.start());
 *   assertThat(queue.request(request, replyBytes).writable()).isEqualTo(reply);
 * }
 * }</pre>
 *
 * <p><b>By hostile guests and frontends.</b> {@link io.vhost4j.testkit.HostileSuite} has the
 * attacks. The author says what a request looks like, and how to see that the device works:
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicNode> hostileGuestsDoNoHarm() {
 *   return HostileSuite.of(MyDevice::new, guest -> works(guest))
 *       .request(0, request, replyBytes)
 *       .tests();
 * }
 * }</pre>
 *
 * <p><b>By its Linux driver.</b> {@link io.vhost4j.testkit.LinuxGuest} boots a Linux that has the
 * device, and runs commands in it:
 *
 * <pre>{@code
 * Guest.await(VhostUserServer.create(vertx, new MyDevice()).listen(socket));
 * try (LinuxGuest guest = LinuxGuest.inUserMode().device(socket, 4, "vhost-user-rng-pci").boot()) {
 *   guest.run("dd if=/dev/hwrng of=bytes bs=64 count=1");
 *   guest.end();
 * }
 * }</pre>
 *
 * <p>The kit comes with JUnit, and with Logback, through which the suite reads the log. For attacks
 * of one's own there are {@link io.vhost4j.testkit.RawRing} and {@link
 * io.vhost4j.testkit.RawFrontend}, which write and say what they are told to.
 */
@NullMarked
package io.vhost4j.testkit;

import org.jspecify.annotations.NullMarked;
