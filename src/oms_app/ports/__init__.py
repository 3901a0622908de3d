"""What the use cases need of the world, in their own words. The docstrings are the contract of every adapter."""
