"""Rules of review and interception as data (审单与拦截规则): what they test, what they decide, and trying them."""
