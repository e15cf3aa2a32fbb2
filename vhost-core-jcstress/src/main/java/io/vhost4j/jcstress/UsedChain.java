package io.vhost4j.jcstress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** V8: who sees the used index sees the element and what the device has written. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "Not there yet.")
@Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "There, with all that belongs to it.")
@Outcome(id = "2", expect = Expect.FORBIDDEN, desc = "Something of it is from an earlier chain.")
@State
public class UsedChain {
  private final Ring ring = Ring.busy(false);

  @Actor
  public void device() {
    ring.complete();
  }

  @Actor
  public void driver(I_Result result) {
    result.r1 = ring.poll();
  }
}
