"""Refunds (退款): what each unit of an order may still give back, and the orders that give it back."""
