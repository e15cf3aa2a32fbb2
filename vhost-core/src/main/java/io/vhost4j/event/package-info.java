/**
 * Descriptors, eventfds and timers on a Vert.x event loop; the only package that touches Netty's
 * epoll transport.
 *
 * <p>Everything here belongs to one event loop and is used on it alone, unless a method says
 * otherwise. Two facts of the transport shape the code: an exception that escapes from a handle
 * puts the loop to sleep for a second and drops the events of others, and a descriptor that is
 * closed before it left epoll keeps firing while another process holds the same open file. {@link
 * io.vhost4j.event.FdRegistration} deals with both, and everything else goes through it.
 */
@NullMarked
package io.vhost4j.event;

import org.jspecify.annotations.NullMarked;
