"""What holds for every test."""

from hypothesis import settings

# A test says what is right, not how fast this machine is today.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
