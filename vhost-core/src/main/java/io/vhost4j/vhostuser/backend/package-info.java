/**
 * The backend role of the vhost-user protocol: the transport that serves one device to one frontend
 * after the other.
 *
 * <pre>
 *   {@link io.vhost4j.vhostuser.backend.VhostUserServer}   listens, one connection at a time
 *     └ BackendSession            one connection: negotiation, dispatch of messages
 *         ├ *Messages             what each message does, a group a class
 *         └ Vring                 the descriptors of one queue: kick, call, error
 * </pre>
 *
 * <p>What runs behind them is in {@link io.vhost4j.engine}. Everything of one server runs on one
 * event loop.
 */
@NullMarked
package io.vhost4j.vhostuser.backend;

import org.jspecify.annotations.NullMarked;
