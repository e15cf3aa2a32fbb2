/**
 * What the two sides of a ring, on two threads, must never see of each other, however the processor
 * and the compilers order their loads and stores.
 */
@NullMarked
package io.vhost4j.jcstress;

import org.jspecify.annotations.NullMarked;
