"""Make a lecture of each part of the book from its chapters' cells.

Nothing is executed and nothing written twice; the cells are the chapters' own, as they are stored.
A heading begins a slide and brings the first words of its section, with its formulas and tables;
the other prose becomes the speaker's notes (key S). A code cell that shows something is a slide;
its code is left out where the book hides it and where it only draws. Cells without output are left
out, and set-up, claims, exercises and references. Where a chapter wants it otherwise, a cell's
metadata says so as in any notebook: {"slideshow": {"slide_type": ...}} with "slide", "subslide",
"fragment", "-", "notes" or "skip".
"""
