"""Carriers: what they tell of parcels under way."""
