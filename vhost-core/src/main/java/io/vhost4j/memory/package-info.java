/** Guest memory as a table of mapped regions: translation, bounds and views. */
@NullMarked
package io.vhost4j.memory;

import org.jspecify.annotations.NullMarked;
