"""Source code in, facts out. A leaf: it imports nothing of gate or attestations."""
