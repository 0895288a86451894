"""`python -I -m gate`: the same as the console script."""

from gate.cli import main

main()
