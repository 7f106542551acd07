"""What runs spent, and which circuits opened, by day."""

from escalation.rollups import Rollup, day_of, within

SPENT = f"""
    SELECT {day_of("s.at")}, NULL::bigint, s.agent, '', count(*), sum(s.micro_usd) / 1e6
    FROM agents_ledgerentry s
    WHERE s.id >= %(first)s AND {within("s.at")} AND s.kind = 'settled' GROUP BY 1, 3
"""
OPENED = f"""
    SELECT {day_of("s.at")}, NULL::bigint, '', s.breaker, count(*), 0
    FROM agents_breakerevent s
    WHERE s.id >= %(first)s AND {within("s.at")} AND s.after IN ('open', 'forced_open')
        AND s.before NOT IN ('open', 'half_open', 'forced_open')
    GROUP BY 1, 4
"""

ROLLUPS = [
    Rollup("spent", "agents_ledgerentry", "at", SPENT),
    Rollup("opened", "agents_breakerevent", "at", OPENED),
]
