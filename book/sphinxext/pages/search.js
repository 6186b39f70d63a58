// How the search page splits what a reader asks for, and what it does otherwise than Sphinx's own.
var splitQuery = (query) => query
  .replace(/(\d),(?=\d{3}(?!\d))/g, "$1")  // 1,202 is 1202
  .split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu)
  .filter((term) => term);

if (typeof Search !== "undefined") {
  // Sphinx has numbers in its index, and leaves them out of what it looks up there.
  const parse = Search._parseQuery;
  Search._parseQuery = (query) => {
    const [asked, terms, excluded, highlighted, objects] = parse(query);
    for (const term of splitQuery(query)) {
      if (!/^\d+$/.test(term)) continue;
      terms.add(term);
      highlighted.add(term);
    }
    localStorage.setItem("sphinx_highlight_terms", [...highlighted].join(" "));
    return [asked, terms, excluded, highlighted, objects];
  };

  // It expects a summary of every hit; of a word that is defined along with others it makes none.
  const summary = Search.makeSearchSummary;
  Search.makeSearchSummary = (...hit) => summary(...hit) ?? document.createElement("p");

  // Nor may a page in a sandboxed frame read the other pages, from which summaries are made.
  if (origin === "null") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
