"""Amounts in the client's currency, by the dated rates of client.yaml; without a rate there is no amount."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.client import Client


def in_client_currency(amount: pd.Series, currency: pd.Series, at: pd.Series, client: Client) -> pd.Series:
    """Amounts converted at the rate of their day.

    Parameters
    ----------
    amount : pandas.Series of float
        In its own currency.
    currency : pandas.Series of str
        ISO 4217; missing means the client's.
    at : pandas.Series of timestamps
        UTC; the day of the rate, in the client's time zone.
    client : Client

    Returns
    -------
    pandas.Series of float
        Rounded to cents; missing where no rate is known on that day.
    """
    own = currency.isna() | (currency == client.currency)
    rates = pd.Series(np.where(own, 1.0, np.nan), index=amount.index)
    if not own.all():
        day = at.dt.tz_convert(client.time_zone).dt.tz_localize(None)
        for rate in sorted(client.exchange_rates, key=lambda one: one.from_day):
            holds = ~own & (currency == rate.currency) & (day >= pd.Timestamp(rate.from_day))
            rates = rates.mask(holds, rate.rate)
    return (amount * rates).round(2)
