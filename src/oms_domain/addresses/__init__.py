"""Addresses (地址): divisions, recognition of pasted text, completeness. Plain values, never stored here."""
