"""Builders and Hypothesis strategies for tests of the domain and of what stores it (needs the extra ``testing``)."""
