/**
 * For the tests of devices: a guest in the same JVM, which drives a device through the real engine
 * and real rings, without a socket or a message. {@link io.vhost4j.testkit.InProcessGuest} is the
 * place to begin.
 */
@NullMarked
package io.vhost4j.testkit;

import org.jspecify.annotations.NullMarked;
