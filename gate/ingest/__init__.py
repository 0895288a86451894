"""Streams of events → a store that controls judge: each record accepted, parked or rejected, and all of them counted.

`sources` reads bytes (`unpacking` undoes their compression), `judge` says what each record is, `workers` does that in
processes of their own, `staging` turns what was accepted into Parquet and finds duplicates, `manifest` is the store's
one point of commit, `run` is the order of it all. `sealing` and `reporting` sign what came of it; `querying` is for
people.
"""
