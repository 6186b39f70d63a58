"""Print the built book as one PDF.

python -m tools.print_book   writes _build/residual-networks-measured.pdf
"""

from tools import built_book, run
from tools.print_book import document, front_matter, pdf_file, press

TARGET = built_book.HTML.parent / "residual-networks-measured.pdf"


def main() -> None:
    """Print the book."""
    printed = press.print_book(document.whole())
    pdf = pdf_file.finished(printed.pdf, printed.headings, front_matter.author())
    TARGET.write_bytes(pdf)
    print(f"{TARGET} ({pdf_file.page_count(pdf)} pages, {len(pdf) / 1e6:.1f} MB)")


if __name__ == "__main__":
    run(main)
