from celery import shared_task


@shared_task(name="bench.do_nothing")  # type: ignore[untyped-decorator]
def do_nothing() -> None:
    """Cost what Celery costs."""
