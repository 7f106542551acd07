"""What can stand in the way of a stack that starts."""


class StackError(Exception):
    """The stack cannot start or go on; the message says why, and what to do about it."""
