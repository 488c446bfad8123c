"""The ground floor: configuration, database, queue, audit, money, time and secrets."""
