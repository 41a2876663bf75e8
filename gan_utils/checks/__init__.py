"""What the check cells of the exercises call: one module per notebook.

A check returns a `Verdict`, one sentence that a notebook shows; it never raises.
"""
