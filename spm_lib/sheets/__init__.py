"""What one audience may see of a client's week: a file per sheet, opened by the notebook of the same name.

A sheet for the team, a rep, the owner or the firm is not a filtered page but a narrower door: it hands out
only what its audience may see, so that no notebook can show more by mistake.
"""
