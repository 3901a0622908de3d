"""奇门 Qimen, the XML standard between order systems and warehouses. Source: TOP documentation, ``taobao.qimen.*``."""
