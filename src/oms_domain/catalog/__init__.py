"""What we sell (商品): SKUs, gifts, bundles, and which of them a platform's SKU is. Categories are a later issue."""
