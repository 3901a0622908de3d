"""Inventory (库存): quantities of a SKU in a warehouse, and what is reserved of them."""
