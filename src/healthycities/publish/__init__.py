"""The results as they are handed over: GeoPackage, tables, provenance and report."""
