"""What every sub-domain shares: money, quantity, identity, changes and events, refusals, state tables, safe text."""
