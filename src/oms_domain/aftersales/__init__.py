"""Aftersales (售后): what buyers ask back, the goods that return, and the people who look after it."""
