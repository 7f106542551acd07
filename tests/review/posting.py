from django.http import QueryDict


def typed(verdict: str, version: int, **fields: str) -> QueryDict:
    """What a reviewer's browser sends."""
    sent = QueryDict(mutable=True)
    sent.update({"verdict": verdict, "version": str(version), **fields})
    return sent
