"""Splitting and merging orders (拆单, 合单): plans that can be shown, and what becomes of the amounts."""
