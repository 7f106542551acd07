from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('delivery', '0002_tell_of_what_moves'),
        ('queue', '0002_never_edit_facts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('status', 'dead')), fields=['id'], name='dead_deliveries'),
        ),
    ]
