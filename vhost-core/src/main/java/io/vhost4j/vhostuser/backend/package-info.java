/**
 * The backend role of the vhost-user protocol: serves one device to one frontend after the other.
 *
 * <pre>
 *   {@link io.vhost4j.vhostuser.backend.VhostUserServer}   listens, one connection at a time
 *     └ BackendSession            one connection: negotiation, memory, dispatch of messages
 *         ├ *Messages             what each message does, a group a class
 *         └ Vring                 one queue as the protocol sees it: size, addresses, descriptors
 *             └ VirtqueueVerticle one running queue: kick → handler → used ring → call
 * </pre>
 *
 * <p>Everything of one server runs on one event loop.
 */
@NullMarked
package io.vhost4j.vhostuser.backend;

import org.jspecify.annotations.NullMarked;
