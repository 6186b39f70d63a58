"""Measured numbers, figures, networks and verdicts on the pages; `evidence` alone reads records."""
