"""The three fictional businesses, and what is planted in each.

No person, company or number in them exists. `PLANTED` says in words what a perfect reader would find.
"""

from __future__ import annotations

from datetime import date

from spm_lib.demo import account_names
from spm_lib.demo.model import LONG_AGO, Business, Seller, always

#: Monday of 2026-W20, 26 weeks before 2026-W46: what is planted begins here.
TURN = date(2026, 5, 11)

ALDER = Business(
    slug="alder-heating",
    currency="USD",
    draw=27,
    sellers=(
        Seller("marta-kowal", "Marta Kowal", 2.7, "North", always(0.35)),
        Seller(
            "devon-price",
            "Devon Price",
            2.8,
            "South",
            ((LONG_AGO, 0.34), (TURN, 0.10)),
            quality=((LONG_AGO, 1.0), (TURN, 0.55)),
        ),
        Seller("luis-ferrer", "Luis Ferrer", 2.6, "West", always(0.34)),
        Seller("grace-holm", "Grace Holm", 2.7, "East", always(0.36)),
        Seller("jonah-pike", "Jonah Pike", 1.8, "South", always(0.33), starts_on=date(2026, 9, 14)),
    ),
    open_stage_count=5,
    amount_median=8200,
    amount_sigma=0.40,
    product_lines={"Heat pumps": (0.35, 1.3), "Furnaces": (0.35, 0.9), "Air conditioning": (0.30, 0.8)},
    lead_sources={"Referrals": 0.35, "Organic search": 0.30, "Offline sources": 0.15, "Direct traffic": 0.20},
    lost_reasons=("Price", "Chose a competitor", "Postponed", "No reply"),
    existing_rate=0.30,
    cycle_days=32,
    season=(0.95, 0.95, 1.0, 1.0, 1.05, 1.1, 1.1, 1.05, 1.0, 1.05, 1.0, 0.75),
    account_words=account_names.ALDER,
)

BRIGHTWATER = Business(
    slug="brightwater-dental",
    currency="USD",
    draw=14,
    sellers=(
        Seller("amara-cole", "Amara Cole", 2.6, "New England", always(0.34)),
        Seller("ben-whitaker", "Ben Whitaker", 2.6, "New York", always(0.34)),
        Seller("sofia-lindt", "Sofia Lindt", 2.6, "Mid-Atlantic", always(0.34)),
        Seller("theo-grant", "Theo Grant", 2.6, "Great Lakes", always(0.34)),
    ),
    open_stage_count=5,
    amount_median=5200,
    amount_sigma=0.45,
    product_lines={"Chairs": (0.30, 1.6), "Imaging": (0.25, 1.3), "Consumables": (0.45, 0.6)},
    lead_sources={"Partner Referral": 0.25, "Web": 0.30, "Trade Show": 0.25, "Phone Inquiry": 0.20},
    lost_reasons=("Price", "Competitor", "No budget", "No decision"),
    existing_rate=0.55,
    cycle_days=35,
    season=(1.0, 1.0, 1.0, 1.0, 1.0, 0.95, 0.9, 0.95, 1.05, 1.05, 1.0, 0.8),
    account_words=account_names.BRIGHTWATER,
)

COPPERLINE = Business(
    slug="copperline-print",
    currency="GBP",
    draw=26,
    sellers=(
        Seller("hattie-moore", "Hattie Moore", 2.1, "London", always(0.33), untidiness=0.25),
        Seller(
            "callum-reid", "Callum Reid", 2.0, "Scotland", always(0.31), untidiness=0.35, games_since=TURN
        ),
        Seller("nadia-shah", "Nadia Shah", 2.1, "Midlands", always(0.34), untidiness=0.6),
        Seller("owen-pryce", "Owen Pryce", 2.0, "Wales & West", always(0.32), untidiness=0.8),
    ),
    open_stage_count=5,
    amount_median=1900,
    amount_sigma=0.5,
    product_lines={"Brochures": (0.35, 0.8), "Packaging": (0.30, 1.6), "Signage": (0.35, 1.0)},
    lead_sources={"Referral": 0.35, "Website": 0.35, "Cold call": 0.15, "Exhibition": 0.15},
    lost_reasons=("Price", "Went elsewhere", "Project cancelled", "Went quiet"),
    existing_rate=0.45,
    cycle_days=28,
    season=(0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 0.95, 0.85, 1.1, 1.15, 1.1, 0.75),
    account_words=account_names.COPPERLINE,
    stalled_rate=0.13,
    deleted_rate=0.012,
    duplicate_rate=0.015,
    euro_rate=0.010,
    stray_owner=("Sam Ashby", date(2026, 9, 7)),
    reopens_from=date(2026, 10, 26),
)

BUSINESSES = (ALDER, BRIGHTWATER, COPPERLINE)

#: What a perfect reader of the exports would say, in words.
PLANTED = {
    "alder-heating": (
        "Devon Price's win rate fell from 34 % to 10 % in 2026-W20 and stayed there; the conversations got "
        "shorter and reached fewer decision makers in the same week. Everyone else is as good as ever.",
        "Jonah Pike joined in 2026-W38 and works like the others; there are too few decisions to say so yet.",
    ),
    "brightwater-dental": (
        "The four reps win 34 % each, always. Whatever differs between them, or from week to week, is noise.",
    ),
    "copperline-print": (
        "From 2026-W20 on Callum Reid makes up calls of a few seconds, repeats one and ticks off tasks in "
        "one minute, on Friday afternoons. The win rates of the four are alike and unchanged.",
        "The CRM is kept badly, worst by Owen Pryce, best by Hattie Moore: past expected closes, no amounts, "
        "late logging, duplicates, one owner nobody knows, one win that was reopened.",
    ),
}
