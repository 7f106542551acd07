from django.db import migrations

TABLES = ("label", "gatetarget", "proposal", "settlement")


class Migration(migrations.Migration):
    """What was once said is not said otherwise: not by a bug, and not by hand."""

    dependencies = [("tuning", "0001_initial"), ("queue", "0002_never_edit_facts")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER never_edited BEFORE UPDATE ON tuning_{table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_to_edit();",
            f"DROP TRIGGER never_edited ON tuning_{table};",
        )
        for table in TABLES
    ]
