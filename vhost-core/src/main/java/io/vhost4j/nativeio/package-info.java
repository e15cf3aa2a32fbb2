/**
 * The only package with native signatures: libc through JNA's direct mapping. Nothing here is on
 * the data path.
 */
@NullMarked
package io.vhost4j.nativeio;

import org.jspecify.annotations.NullMarked;
