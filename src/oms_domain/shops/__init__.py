"""Shops (店铺): whose orders they are, and how each shop works."""
