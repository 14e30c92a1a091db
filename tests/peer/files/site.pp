notice("peer")
