from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("queue", "0011_look_again_at_decisions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="escalation", name="alike_by_urgency"),
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(
                condition=models.Q(("fingerprint", ""), _negated=True),
                fields=["queue", "fingerprint", "agent", "status", "due_at", "id"],
                name="alike_by_urgency",
            ),
        ),
    ]
