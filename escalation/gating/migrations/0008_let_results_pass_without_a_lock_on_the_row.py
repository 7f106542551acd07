from django.db import migrations

# Results that pass share a lock of their own, and whoever changes an agent's state takes it alone. A lock on
# the row that results share would be taken over from one to the next, and a pause could wait for ever. What
# is read after the lock is what whoever had it before has committed.
STANDING = """
CREATE FUNCTION gating_standing(gate bigint, OUT state varchar, OUT paused boolean)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(6001, agent_id::int) FROM gating_gate WHERE id = gate;
    SELECT a.state, g.paused INTO state, paused
    FROM gating_gate g JOIN gating_agent a ON a.id = g.agent_id WHERE g.id = gate;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("gating", "0007_give_a_category_a_threshold_of_its_own")]

    operations = [migrations.RunSQL(STANDING, "DROP FUNCTION gating_standing(bigint);")]
