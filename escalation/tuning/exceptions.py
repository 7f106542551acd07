class ProposalClosed(Exception):
    """A proposal cannot be applied or dismissed any more; says why in a sentence. Nothing was changed."""
