"""Fulfilment (配货): what one warehouse ships for an order, and the parcels that leave."""
