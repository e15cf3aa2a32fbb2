/**
 * The frontend role: drives any vhost-user backend without a virtual machine.
 *
 * <p>{@link io.vhost4j.vhostuser.frontend.VhostUserFrontend} connects and negotiates, {@link
 * io.vhost4j.vhostuser.frontend.FrontendMemory} is what it shows the backend as guest memory, and a
 * {@link io.vhost4j.vhostuser.frontend.FrontendQueue} is a running ring with its eventfds. The
 * backend is not trusted: whatever it sends is checked, and the worst it can do is to end its own
 * connection.
 */
@NullMarked
package io.vhost4j.vhostuser.frontend;

import org.jspecify.annotations.NullMarked;
