#!/usr/bin/env bash
# Shows what a kernel's log FILE complains of from the first test on, and in which; status 1 if there is something.
# (User-mode Linux is not without fault itself when it starts its second processor.)
set -euo pipefail

awk '
  /\] test [a-z0-9_]+\r?$/ { sub(/.*\] test /, ""); test = $0; next }
  !test { next }
  / kmemleak: / { next } # in-guest.sh looks whose they are
  # Where allocations are made to fail Linux shows from where they were asked for; its complaints have a headline too.
  test ~ /failing_allocations/ && / Call Trace:/ { next }
  /WARNING|BUG|Oops|panic|KASAN|UBSAN|Call Trace|lockdep|inconsistent lock|possible (circular|recursive)|INFO: task|hung|unable to handle|general protection|refcount_t|sleeping function|scheduling while atomic|stack overflow|list_(add|del) corruption|leaks?\)|ODEBUG|stall|Kernel mode fault|is not a head/ {
    if (!found++) print "the kernel complains:"
    if (test != last) print "  in " test
    last = test
    print "  | " $0
    more = 12
    next
  }
  more > 0 { print "  | " $0; more-- }
  END {
    if (!test) print "no test told the kernel its name, so nobody knows where its complaints begin"
    exit found > 0 || !test
  }
' "$1"
