from django.db import migrations

# While a table was empty, the mark ran ahead of it, and what came then was never counted. Where a mark is beyond
# the last row, beat counts everything anew; the page reads the same meanwhile, from the rows themselves.
ANEW = """
DO $$ BEGIN
    IF EXISTS (
        SELECT FROM tuning_tallymark
        WHERE last_outcome > (SELECT coalesce(max(id), 0) FROM gating_outcome)
            OR last_decision > (SELECT coalesce(max(id), 0) FROM queue_decision)
    ) THEN
        DELETE FROM tuning_tally;
        UPDATE tuning_tallymark SET last_outcome = 0, last_decision = 0;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tuning", "0009_say_which_category_an_alarm_is_about"),
        ("gating", "0008_let_results_pass_without_a_lock_on_the_row"),
    ]

    operations = [migrations.RunSQL(ANEW, migrations.RunSQL.noop)]
