"""What the theme gets wrong, put right: names and roles for screen readers, repetitions."""

from bs4 import BeautifulSoup

from book.sphinxext.html.tree import attribute, remove

SIDEBAR_NAME = "The book"
TOGGLE = "Toggle hidden content"  # a name that hides the summary's own words


def correct(page: BeautifulSoup) -> None:
    """Put right what there is to put right."""
    name_sidebar(page)
    let_words_be_names(page)
    describe_links(page)
    leave_out_roles(page)
    leave_out_repetition(page)


def name_sidebar(page: BeautifulSoup) -> None:
    """The sidebar is a region with a name, and holds no room for advertisements."""
    sidebar = page.find(id="pst-primary-sidebar")
    if sidebar is not None:
        sidebar["role"] = "region"
        sidebar["aria-label"] = SIDEBAR_NAME
    advertisement = page.find(id="ethical-ad-placement")
    if advertisement is not None:
        remove(advertisement)


def let_words_be_names(page: BeautifulSoup) -> None:
    """A button and a summary are called what they show, and not something else."""
    for button in page.find_all("button", class_="search-button-field"):
        del button["aria-label"]
    for summary in page.find_all("summary", attrs={"aria-label": TOGGLE}):
        del summary["aria-label"]


def describe_links(page: BeautifulSoup) -> None:
    """The link to a heading, a sign of its own, has a name and no tooltip."""
    for link in page.find_all("a", class_="headerlink"):
        if link.has_attr("title"):
            link["aria-label"] = attribute(link, "title")
            del link["title"]


def leave_out_roles(page: BeautifulSoup) -> None:
    """Entries of a bibliography are no list items, and their container no list."""
    for entry in page.select("[role=doc-biblioentry]"):
        del entry["role"]
    for box in page.find_all(class_="citation-list"):
        del box["role"]


def leave_out_repetition(page: BeautifulSoup) -> None:
    """Docutils and the theme both say how wide a page is; once is enough."""
    for repeated in page.select("meta[name=viewport]")[1:]:
        remove(repeated)
