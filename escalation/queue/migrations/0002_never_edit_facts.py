from django.db import migrations


class Migration(migrations.Migration):
    """What was once said is not said otherwise: not by a bug, and not by hand."""

    dependencies = [("queue", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_to_edit() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'rows of % are never edited', TG_TABLE_NAME;
            END $$;
            """,
            "DROP FUNCTION refuse_to_edit();",
        ),
        migrations.RunSQL(
            "CREATE TRIGGER never_edited BEFORE UPDATE ON queue_event FOR EACH ROW EXECUTE FUNCTION refuse_to_edit();",
            "DROP TRIGGER never_edited ON queue_event;",
        ),
        migrations.RunSQL(
            "CREATE TRIGGER never_edited BEFORE UPDATE ON queue_decision FOR EACH ROW EXECUTE FUNCTION refuse_to_edit();",
            "DROP TRIGGER never_edited ON queue_decision;",
        ),
    ]
