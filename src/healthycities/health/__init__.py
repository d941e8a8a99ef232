"""Health statistics over arrays: rates, standard populations, causes and attributable burden."""
