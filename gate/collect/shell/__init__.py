"""What becomes of a failure inside a shell script: its syntax, a parser for it, and the rules of `set -e`."""
