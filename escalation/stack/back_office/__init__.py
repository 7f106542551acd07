"""A small help centre and shop that the shipped agents' tools call in the demo; your own takes its place."""
