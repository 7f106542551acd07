from django.db import migrations


class Migration(migrations.Migration):
    """What is raised and claimed is told too, by the statement that raises or claims: those have no time to lose.

    The reasons are `escalation.queue.models.reason.BLIND_REASONS`; tests/delivery/test_events.py holds them together.
    """

    dependencies = [("delivery", "0001_initial"), ("queue", "0002_never_edit_facts")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION tell_of_what_moved() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO delivery_delivery (message_id, receiver_id, endpoint_id, url, escalation_id, event, payload,
                    status, attempts, next_attempt_at, created_at, last_answer)
                SELECT gen_random_uuid(), p.receiver_id, p.id, p.url, e.id, 'escalation.' || NEW.kind,
                    CASE NEW.kind WHEN 'raised' THEN '{"status": "waiting"}'::jsonb
                        ELSE jsonb_build_object('status', 'claimed', 'claimed_by', u.username) END,
                    'pending', 0, statement_timestamp(), statement_timestamp(), ''
                FROM delivery_endpoint p
                JOIN gating_agent a ON a.id = p.agent_id
                JOIN queue_escalation e ON e.id = NEW.escalation_id AND e.agent = a.slug
                LEFT JOIN auth_user u ON u.id = NEW.actor_id
                WHERE p.enabled AND p.events ? ('escalation.' || NEW.kind)
                    AND e.reason NOT IN ('audit', 'second_review', 'gold');
                RETURN NULL;
            END $$;
            """,
            "DROP FUNCTION tell_of_what_moved();",
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER told AFTER INSERT ON queue_event FOR EACH ROW
            WHEN (NEW.kind IN ('raised', 'claimed')) EXECUTE FUNCTION tell_of_what_moved();
            """,
            "DROP TRIGGER told ON queue_event;",
        ),
    ]
