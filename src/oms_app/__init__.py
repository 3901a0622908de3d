"""Application services: they order the steps of each use case. What is decided is decided in ``oms_domain``."""
