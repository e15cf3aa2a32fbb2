@NullMarked
package io.vhost4j.daemon;

import org.jspecify.annotations.NullMarked;
