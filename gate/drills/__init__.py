"""Disaster-recovery drills: run a playbook for real, read what it left, and say it as a drill report.

`playbook` reads, `runner` runs and writes a journal, `journal` reads one (ours or the Chaos Toolkit's) and judges every
step again, `report` turns that into the record, `schedule` says what was drilled and what is due.
"""
