"""Warehouse management systems behind the WMS port."""
