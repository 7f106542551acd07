"""One run: a turn at a time, from taking it to its end."""
