"""Circuit breakers at work: around calls, in the record, in the hands of ops."""
