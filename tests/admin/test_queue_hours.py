"""Olga says when a review queue is worked on."""

from django.test import Client

from escalation.queue.models import ReviewQueue


def test_olga_writes_hours_and_days_off(as_olga: Client, queue: ReviewQueue) -> None:
    page = f"/admin/queue/reviewqueue/{queue.pk}/change/"
    form = {
        "slug": queue.slug,
        "name": queue.name,
        "time_zone": "Europe/Berlin",
        "second_review_share": "0.1",
        "mon": "09:00-12:00, 13:00-17:30",
        "closures": "2026-12-24 to 2026-12-26 Christmas",
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
        "reason_codes-TOTAL_FORMS": 0,
        "reason_codes-INITIAL_FORMS": 0,
    }

    refused = as_olga.post(page, form | {"tue": "nine", "time_zone": "Berlin"})
    answer = as_olga.post(page, form)

    queue.refresh_from_db()
    assert (refused.status_code, answer.status_code) == (200, 302)
    assert "write spans like 09:00-17:30" in refused.content.decode()
    assert queue.hours == {"mon": [["09:00", "12:00"], ["13:00", "17:30"]]}
    assert queue.closed[0]["note"] == "Christmas"
    assert "09:00-12:00, 13:00-17:30" in as_olga.get(page).content.decode()
