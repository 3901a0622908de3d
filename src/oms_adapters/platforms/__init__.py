"""Sales platforms (平台): one folder each, with client, translation, capabilities and simulator."""
