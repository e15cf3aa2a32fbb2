/**
 * The transport of a machine that is its own guest: the kernel module virtio-loopback gives the
 * drivers of this kernel devices that programs of this machine serve. Its {@code README.md} draws
 * what module and owner say to each other.
 *
 * <pre>
 *   {@link io.vhost4j.loopback.LoopbackCard}          a node's device: comes, breaks, comes again
 *     ├ LoopbackNode                /dev/loopback-N: the module's system calls
 *     └ {@link io.vhost4j.loopback.CardServer}        who serves it
 *         ├ {@link io.vhost4j.loopback.LoopbackTransport}  a device in this process, by the engine
 *         └ {@link io.vhost4j.loopback.LoopbackAdapter}    a vhost-user daemon, of ours or another
 * </pre>
 *
 * <p>Everything of one card runs on one event loop, but for the call that attaches it, which may
 * wait for the card before it to leave.
 */
@NullMarked
package io.vhost4j.loopback;

import org.jspecify.annotations.NullMarked;
