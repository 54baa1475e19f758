"""Bets against what was agreed, one for each kind of result: evidence that there is less, or more.

Every stake here starts at 1 and is a supermartingale as long as the agreement is kept, so that it reaches 20
in at most 1 case in 20, however often one looks (Ville). How it is spread over bets and over time is
`evidence.grown`.

Yes-or-no results bet as `evidence.stakes` does. More than agreed is the same bet with the two sides
exchanged: too few losses at an agreed share of losses.

Counts of a week. *Fewer than agreed*: likelihood ratios of Poisson counts at parts of the agreed number. The
weeks of people are lumpier than Poisson's, so both the count and the agreed number are divided by
`DISPERSION`: the bet stays fair for every negative binomial count whose variance is up to so many times its
mean. *More than agreed*: a bet on the count itself, 1 + part × (count / agreed − 1), which is fair for counts
of any distribution with the agreed mean.

References
----------
A. Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 16 (1945), for the
likelihood ratio; A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, "Game-theoretic statistics and safe
anytime-valid inference", Statistical Science 38 (2023); I. Waudby-Smith, A. Ramdas, "Estimating means of
bounded random variables by betting", JRSS B 86 (2024), for the bet on the count itself.
"""

from __future__ import annotations

import numpy as np

from spm_lib.judgement.evidence import ALTERNATIVES, Floats, grown, stakes

#: How many times its mean the variance of a week's count may be.
DISPERSION = 3.0


def fewer_kept(kept: Floats, share: Floats, rate: float) -> Floats:
    """The stake on fewer kept than the agreed share, after each yes-or-no result.

    Parameters
    ----------
    kept : numpy.ndarray, shape (n,)
        1 where the result is as agreed, else 0.
    share : numpy.ndarray, shape (n,)
        Part of the result that is this rep's, 0-1.
    rate : float
        Agreed share, above 0 and below 1.
    """
    return stakes(kept > 0, share, rate)


def more_kept(kept: Floats, share: Floats, rate: float) -> Floats:
    """The stake on more kept than the agreed share: too few of the others; as `fewer_kept`."""
    return stakes(kept <= 0, share, 1 - rate)


def lower_counts(counts: Floats, _share: Floats, agreed: float) -> Floats:
    """The stake on fewer than agreed, after each week's count.

    Parameters
    ----------
    counts : numpy.ndarray, shape (weeks,)
    agreed : float
        Mean count of a week, above 0.
    """
    parts = np.array(ALTERNATIVES)
    exponent = counts[:, None] * np.log(parts) + agreed * (1 - parts)
    return grown(np.exp(exponent / DISPERSION))


def higher_counts(counts: Floats, _share: Floats, agreed: float) -> Floats:
    """The stake on more than agreed, after each week's count; as `lower_counts`."""
    return grown(1 + np.array(ALTERNATIVES) * (counts[:, None] / agreed - 1))


def evenly(good_rate: float, count: int) -> Floats:
    """So many yes-or-no results at a rate, as even as they can be, never better than it on the way."""
    kept = np.floor(np.arange(count + 1) * good_rate + 1e-9)
    return np.diff(kept)


def at(value: float, count: int) -> Floats:
    """The same result so many times."""
    return np.full(count, value)
