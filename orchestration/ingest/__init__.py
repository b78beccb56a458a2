"""Reading deliveries: what is ready, bytes to text rows, text rows to vault and `raw_*`."""
