"""Orders (订单): the platform's order as it came, and the sales order that we work on."""
