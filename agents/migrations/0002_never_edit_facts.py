from django.db import migrations

FACTS = ("agents_step", "agents_ledgerentry", "agents_breakerevent")


class Migration(migrations.Migration):
    """What was once said is not said otherwise: not by a bug, and not by hand."""

    dependencies = [("agents", "0001_initial"), ("queue", "0002_never_edit_facts")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER never_edited BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_to_edit();",
            f"DROP TRIGGER never_edited ON {table};",
        )
        for table in FACTS
    ]
