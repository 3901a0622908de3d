"""Wiring: settings, container, server, workers, command line. Only here is known which adapter stands behind a port."""
