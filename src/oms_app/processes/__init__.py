"""Flow between sub-domains: an event comes in, a command goes out, in a transaction of its own."""
