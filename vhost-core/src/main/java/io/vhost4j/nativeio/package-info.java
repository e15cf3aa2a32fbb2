/**
 * The only package with native signatures: libc through JNA's direct mapping. Of the data path,
 * only signals are here, one per batch of buffers; they allocate nothing.
 */
@NullMarked
package io.vhost4j.nativeio;

import org.jspecify.annotations.NullMarked;
