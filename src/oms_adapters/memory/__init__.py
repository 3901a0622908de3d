"""Every store in dicts, for tests, demos and laws: the same contract as the databases, without one."""
