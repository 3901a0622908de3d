"""The read side: rows for screens, exports and guards over many documents. No aggregates are loaded."""
