"""The regression gate: what repeated runs gave, and whether another run is worse than they scatter."""
