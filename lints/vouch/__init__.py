"""A row that was read under its tenant vouches for what is done afterwards with the same id.

`flow` says, file by file, which statement runs only after another one has found its row, and what both are given;
`judging` asks then whether the first one is proven and names the row that the second one touches.
"""
