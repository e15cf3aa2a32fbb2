package io.vhost4j.jcstress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** V14 with flags: the device is told of a new chain, or sees it before it sleeps. */
@JCStressTest
@Outcome(
    id = "false, false",
    expect = Expect.FORBIDDEN,
    desc = "The device sleeps, and nobody wakes it.")
@Outcome(expect = Expect.ACCEPTABLE, desc = "One has seen the other, or both have.")
@State
public class BufferFlags {
  private final Ring ring = Ring.idle(false);

  @Actor
  public void driver(ZZ_Result result) {
    ring.add();
    result.r1 = ring.needsKick();
  }

  @Actor
  public void device(ZZ_Result result) {
    result.r2 = ring.enableKicks();
  }
}
