"""The HTTP interface: Litestar controllers by sub-domain, with their bodies and views beside them."""
