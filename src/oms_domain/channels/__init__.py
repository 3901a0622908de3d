"""Channels (渠道): the standard form that every platform's orders are translated to, and what a platform can do."""
