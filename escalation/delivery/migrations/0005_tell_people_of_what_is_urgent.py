from django.db import migrations


class Migration(migrations.Migration):
    """What is raised with a high priority is news for those who review it, by the statement that raises it.

    Everything else is raised without this: the trigger looks at the priority alone. 2 is "high".
    """

    dependencies = [("delivery", "0004_tell_people"), ("queue", "0006_deadlines_in_working_hours")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION tell_people_of_what_is_urgent() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO delivery_notification (channel_id, topic, key, facts, path, status)
                SELECT c.id, 'waiting', 'escalation:' || NEW.id || ':waiting',
                    jsonb_build_object('title', NEW.title, 'agent', NEW.agent, 'queue', q.name,
                        'priority', CASE WHEN NEW.priority > 2 THEN 'urgent' ELSE 'high' END),
                    '/escalations/' || NEW.id || '/', 'pending'
                FROM delivery_channel c JOIN queue_reviewqueue q ON q.id = NEW.queue_id
                WHERE c.enabled AND c.topics ? 'waiting' AND (c.queue_id = NEW.queue_id OR EXISTS (
                    SELECT FROM queue_membership m
                    WHERE m.queue_id = NEW.queue_id AND m.user_id = c.user_id AND m.role IN ('reviewer', 'lead')
                ))
                ON CONFLICT (channel_id, key) DO NOTHING;
                RETURN NULL;
            END $$;
            """,
            "DROP FUNCTION tell_people_of_what_is_urgent();",
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER people_told AFTER INSERT ON queue_escalation FOR EACH ROW
            WHEN (NEW.priority >= 2) EXECUTE FUNCTION tell_people_of_what_is_urgent();
            """,
            "DROP TRIGGER people_told ON queue_escalation;",
        ),
    ]
