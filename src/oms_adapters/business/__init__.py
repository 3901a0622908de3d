"""Business systems: they give virtual goods, and take them back."""
