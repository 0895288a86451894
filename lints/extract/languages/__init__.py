"""One module for each language: its syntax tree lowered into the neutral form that is interpreted."""
