"""Texts for people, Chinese and English: what codes mean, and what to do next. Every edge prints from here."""
