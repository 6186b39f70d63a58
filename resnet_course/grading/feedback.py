"""A page for each student: marks, answers, what their code has shown, what the checks say.

A page runs no script and asks no other machine for anything, whatever is in the answers: text is
sanitised after it was set, and a policy in the page forbids the rest.
"""

import warnings
from pathlib import Path

import bleach
import jinja2
import markupsafe
import nbgrader
import nbformat
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from traitlets.config import Config

from .assignment import Assignment

TEMPLATES = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"
TAGS = (
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre s span"
    " strong sub summary sup table tbody td th thead tr ul"
).split()
MOST_MARKDOWN = 10_000  # characters of a cell that are set as Markdown
ATTRIBUTES = {"*": ["class", "id"], "a": ["href", "title"], "td": ["align"], "th": ["align"]}


class Exporter(HTMLExporter):
    """nbgrader's page of feedback, with the HTML that Markdown makes sanitised."""

    @jinja2.pass_context
    def markdown2html(self, context: jinja2.runtime.Context, source: str) -> str:
        """Markdown as HTML without anything that acts; what cannot be set is shown as it is."""
        if len(source) <= MOST_MARKDOWN:
            try:
                html = super().markdown2html(context, source)
                clean: str = bleach.clean(html, tags=TAGS, attributes=ATTRIBUTES, strip=True)
            except (RecursionError, ValueError):
                return _as_it_is(source)
            return clean
        return _as_it_is(source)


def _as_it_is(text: str) -> str:
    return f"<pre>{markupsafe.escape(text)}</pre>"


def exporter() -> Exporter:
    """An exporter; making it takes longer than using it."""
    config = Config()
    config.Exporter.default_preprocessors = []
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES / "templates")]
    styles = TEMPLATES / "static" / "node_modules" / "bootstrap" / "dist" / "css"
    config.HTMLExporter.extra_template_paths = [str(styles)]
    made = Exporter(config=config)
    made.register_preprocessor(CSSHTMLHeaderPreprocessor, enabled=True)
    return made


def page(
    made: Exporter,
    notebook: nbformat.NotebookNode,
    wanted: Assignment,
    scores: dict[str, float],
    comments: dict[str, str],
) -> str:
    """The page of one submission.

    Args:
        notebook: the submission as `arrange.arranged` makes it for students.
        scores: points of each graded cell.
        comments: comments on answers, by cell.
    """
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader")
        if marks is not None:
            marks["score"] = scores.get(marks["grade_id"], 0.0)
            marks["comment"] = comments.get(marks["grade_id"])
    about = {"notebook": wanted.title, "score": sum(scores.values()), "max_score": wanted.points}
    resources = {"nbgrader": about | {"late_penalty": 0}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbconvert's, on pictures without a description
        html, _ = made.from_notebook_node(notebook, resources)
    return _inert(html)


def _inert(html: str) -> str:
    """The page without scripts and links to other files, and with a policy that forbids them."""
    soup = BeautifulSoup(html, "html.parser")
    for element in soup(["script", "link", "iframe", "object", "embed", "base", "form"]):
        element.decompose()
    policy = soup.new_tag("meta", attrs={"http-equiv": "Content-Security-Policy", "content": POLICY})
    if soup.head is not None:
        soup.head.insert(0, policy)
    return str(soup)
