/** What the author of a device implements, and what the engine gives in return. */
@NullMarked
package io.vhost4j.device;

import org.jspecify.annotations.NullMarked;
