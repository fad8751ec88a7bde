"""Real processes: `vedette up`, a real broker, a real ClickHouse engine, SIGKILL."""
