class ProposalClosed(Exception):
    """A proposal cannot be applied or dismissed any more; says why in a sentence. Nothing was changed."""


class DraftClosed(Exception):
    """A draft cannot be put in force, or not by this person; says why in a sentence. Nothing was changed."""
