"""Files of the publishers: asked for, checked, kept and pinned."""
