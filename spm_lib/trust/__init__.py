"""How far the numbers can be trusted: worlds of known truth, played through the functions the pages use.

Each module answers one question of METRICS.md's table: `ranges` (do the 90 % ranges hold the truth?),
`shrinkage` (is the drawn-in win rate closer?), `standards` (who is told to be below, wrongly and rightly?),
`slow_deals` (does the win rate survive slow losses?), `quiet_weeks` (is an ordinary week left in peace?) and
`gaming` (is it found, and who is asked without cause?). `simulate` measures them all. The worlds were not
fitted to the results: a figure that is not reached says so, and why.

`python -m spm_lib.trust` writes the table of the full run to `measured.md` beside this file.
"""

from spm_lib.trust.simulate import SEED, simulate, table_text

__all__ = ["SEED", "simulate", "table_text"]
