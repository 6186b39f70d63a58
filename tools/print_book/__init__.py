"""Print the built book, every page in its order, as one PDF with links and an outline.

Chromium prints; the print rules of course.css and paper.css decide how it looks. What paper cannot
do is put otherwise: links say the page they lead to or the address, and what a reader should not
see at once (comparisons of predictions, hints, answers) stands at the end.
"""
