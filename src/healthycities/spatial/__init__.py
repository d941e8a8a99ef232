"""Spatial joins as sparse matrices: grids, exact cell coverage, weights, areas and distances."""
