"""A Messages API on this machine: for the quick start without a key, for tests and for drills.

It validates requests as the real one does, fails on demand, and answers by plain heuristics on the text in
front of it. `server` speaks HTTP, `mind` answers, `faults` spoils the answer when asked to.
"""
