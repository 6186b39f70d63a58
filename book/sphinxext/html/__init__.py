"""What becomes of the written pages: lighter, more accessible, set as in print; and their files."""
