"""Health statistics over arrays: rates, standards, causes, attributable burden and projections."""
