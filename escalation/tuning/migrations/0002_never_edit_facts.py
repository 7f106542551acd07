from django.db import migrations


class Migration(migrations.Migration):
    """What was once said is not said otherwise: not by a bug, and not by hand."""

    dependencies = [("tuning", "0001_initial"), ("queue", "0002_never_edit_facts")]

    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER never_edited BEFORE UPDATE ON tuning_label FOR EACH ROW EXECUTE FUNCTION refuse_to_edit();",
            "DROP TRIGGER never_edited ON tuning_label;",
        ),
    ]
