"""For whoever keeps Pontual running: queues, processes, metrics, the doctor."""
