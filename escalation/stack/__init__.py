"""One command, whole product: embedded PostgreSQL and Redis, the processes, demo data, and a doctor."""
