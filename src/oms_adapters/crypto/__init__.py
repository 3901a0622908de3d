"""Keys, sealing of personal data and hashing of secrets."""
