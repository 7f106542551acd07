"""The model: one streamed call at a time, what it costs, and a Messages API on this machine to talk to."""
